// Asking the daemon, and telling it what the human decided.

import type {
  Begin,
  Begun,
  Costs,
  DiffText,
  EditTask,
  ErrorCode,
  Finding,
  InboxItem,
  JournalEntry,
  LogLine,
  NewTask,
  NewTrashBranch,
  Place,
  Project,
  Reach,
  Receipt,
  Searched,
  Remembered,
  Status,
  Task,
  Card,
  TaskDiff,
  TeamTemplate,
  Team,
  TeamEdit,
  TeamFile,
  TeamFileChecked,
  TeamForm,
  TrashItem,
} from './types';

/** Why something was not done, in the daemon's words. */
export class Problem extends Error {
  constructor(
    readonly code: ErrorCode | 'offline',
    message: string,
    readonly hint: string | null = null,
    /** The keys of team.toml that lead to what has to be changed. */
    readonly key: string | null = null,
  ) {
    super(message);
  }

  /** What was thrown, if it is none already. */
  static of(thrown: unknown): Problem {
    return thrown instanceof Problem ? thrown : new Problem('internal', String(thrown));
  }
}

type Query = Record<string, string | number | boolean | undefined>;

/** More than this is not sent by browsers once the page is closed. */
const KEPT_ALIVE_MAX = 60_000;
/** What is told about a task, other than a decision. */
const ABOUT_TASK = /^\/tasks\/(\d+)(?!\/(?:approve|reject)$)(?:\/|$)/;

/** How something is asked for. */
interface Asked {
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Sent even if the page is closed meanwhile. */
  readonly isDecision?: boolean;
}

export class Client {
  readonly #token: string;
  readonly #fetch: typeof fetch;
  /** What has to be told about a task before anything else is. */
  before: (task: number) => Promise<void> = () => Promise.resolve();

  constructor(token: string, fetcher: typeof fetch = (...it) => fetch(...it)) {
    this.#token = token;
    this.#fetch = fetcher;
  }

  status = () => this.#get<Status>('/status');
  tasks = () => this.#get<{ seq: number; now: number; tasks: Card[] }>('/tasks');
  task = (id: number) => this.#get<Task>(`/tasks/${id}`);
  diff = (id: number) => this.#get<TaskDiff>(`/tasks/${id}/diff`);
  inbox = () => this.#get<{ seq: number; items: InboxItem[] }>('/inbox');
  projects = () => this.#get<{ seq: number; projects: Project[] }>('/projects');
  team = (project: number) => this.#get<Team>(`/projects/${project}/team`);
  files = (project: number) => this.#get<{ files: TeamFile[] }>(`/projects/${project}/files`);
  saveFile = (project: number, file: TeamFile) =>
    this.#send<TeamFile>('PUT', `/projects/${project}/files`, file);
  checkFile = (project: number, name: string, text: string) =>
    this.#post<TeamFileChecked>(`/projects/${project}/files/check`, { name, text });
  editTeam = (project: number, edits: TeamEdit[]) =>
    this.#send<TeamFile>('PATCH', `/projects/${project}/team`, { edits });
  form = (project: number) => this.#get<TeamForm>(`/projects/${project}/team/form`);
  /** What was saved before it was removed, the newest first. */
  trash = (project: number) => this.#get<{ items: TrashItem[] }>(`/projects/${project}/trash`);
  trashDiff = (project: number, reference: string) =>
    this.#get<DiffText>(`/projects/${project}/trash/diff`, { reference });
  restoreTrash = (project: number, reference: string, branch: string) =>
    this.#post<NewTrashBranch>(`/projects/${project}/trash/restore`, { reference, branch });
  search = (words: string, project: number | null) =>
    this.#get<Searched>('/search', { words, project: project ?? undefined });
  description = () => this.#get<unknown>('/openapi.json');
  /** Lets one agent try whether a limited provider serves again. */
  lift = (project: number, provider: string) => this.#post<Receipt>(`/projects/${project}/lift`, { provider });
  place = (path: string) => this.#get<Place>('/setup/place', { path });
  doctor = (path: string) => this.#get<{ findings: Finding[] }>('/setup/doctor', { path });
  teams = () => this.#get<{ teams: TeamTemplate[] }>('/setup/teams');
  begin = (wanted: Begin) => this.#post<Begun>('/setup/begin', wanted);
  demo = () => this.#post<Begun>('/setup/demo', {});
  costs = (project?: number) => this.#get<Costs>('/costs', { project });
  journal = (after: number, limit: number) =>
    this.#get<{ seq: number; entries: JournalEntry[] }>('/journal', { after, limit });

  add = (task: NewTask) => this.#post<Receipt & { task: Task }>('/tasks', task);
  edit = (id: number, edit: EditTask) => this.#send<Receipt>('PATCH', `/tasks/${id}`, edit);
  move = (id: number, to: string) => this.#post<Receipt>(`/tasks/${id}/move`, { to });
  pause = (id: number) => this.#post<Receipt>(`/tasks/${id}/pause`, {});
  interrupt = (id: number) => this.#post<Receipt>(`/tasks/${id}/interrupt`, {});
  /** Lets the work go on with another provider, or another model of it; without one, its usual. */
  handOver = (id: number, provider: string, model: string | null) =>
    this.#post<Receipt>(`/tasks/${id}/handover`, { provider, model });
  /** Pins what must not be forgotten. */
  pin = (id: number, text: string) => this.#post<Receipt>(`/tasks/${id}/pin`, { text });
  /** Pins what an agent proposed: it must not be forgotten. */
  promote = (id: number, anchor: number) => this.#post<Receipt>(`/tasks/${id}/promote`, { anchor });
  unask = (run: number) => this.#post<Receipt>(`/runs/${run}/unask`, {});
  unpin = (id: number, anchor: number) => this.#post<Receipt>(`/tasks/${id}/unpin`, { anchor });
  resume = (id: number) => this.#post<Receipt>(`/tasks/${id}/resume`, {});
  cancel = (id: number) => this.#post<Receipt>(`/tasks/${id}/cancel`, {});
  remark = (id: number, text: string) => this.#post<Receipt>(`/tasks/${id}/remark`, { text });
  question = (id: number, text: string) => this.#post<Receipt>(`/tasks/${id}/question`, { text });
  approve = (id: number, commit: string | null) =>
    this.#decide(`/tasks/${id}/approve`, { commit });
  reject = (id: number, why: string) => this.#decide(`/tasks/${id}/reject`, { why });
  answer = (ask: number, text: string) => this.#post<Receipt>(`/asks/${ask}/answer`, { text });

  /** An answer that is given again whenever the same role asks for exactly the same. */
  answerAlways = (ask: number, text: string, always: Reach) =>
    this.#post<Receipt>(`/asks/${ask}/answer`, { text, always });
  /** The answers that are given again. */
  remembered = () => this.#get<{ items: Remembered[] }>('/asks/remembered');
  forget = (ask: number) => this.#post<Receipt>(`/asks/${ask}/forget`, {});
  stop = () => this.#post<Receipt>('/stop', {});
  release = () => this.#post<Receipt>('/release', {});

  /** When was said what the journal has of a run's log. */

  /** Lines of a run's log, whole. */
  async log(run: number, query: { from?: string; until?: string; last?: number; lines?: number; short?: 1 }) {
    const text = await this.#text(`/runs/${run}/log`, query);
    const lines = text.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /** The bytes of a run's log as the agent printed them, and those that it prints until it is over. */
  async raw(run: number, take: (text: string) => void, signal: AbortSignal): Promise<void> {
    const answer = await this.#ask('GET', `/runs/${run}/log${search({ raw: 1, follow: 1 })}`, undefined, { signal });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) take(read.value);
  }

  /** Opens a stream. The token goes as a protocol: in an address it would end up in logs. */
  socket(path: string, query: Query = {}): WebSocket {
    const url = new URL(`/api${path}${search(query)}`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    return new WebSocket(url, ['crew.v1', `crew.token.${this.#token}`]);
  }

  #get<T>(path: string, query: Query = {}) {
    return this.#send<T>('GET', path + search(query));
  }

  #post<T>(path: string, body: unknown) {
    return this.#send<T>('POST', path, body);
  }

  /** Arrives though the page is closed meanwhile. */
  async #decide(path: string, body: unknown): Promise<Receipt> {
    const answer = await this.#ask('POST', path, body, { isDecision: true });
    return (await answer.json()) as Receipt;
  }

  async #send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const task = method === 'GET' ? undefined : ABOUT_TASK.exec(path)?.[1];
    if (task !== undefined) await this.before(Number(task));
    const answer = await this.#ask(method, path, body);
    return (await answer.json()) as T;
  }

  async #text(path: string, query: Query) {
    const answer = await this.#ask('GET', path + search(query));
    return answer.text();
  }

  async #ask(method: string, path: string, body?: unknown, { signal, isDecision = false }: Asked = {}): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const sent = body === undefined ? null : JSON.stringify(body);
    const keepalive = isDecision && (sent ?? '').length < KEPT_ALIVE_MAX;
    let answer: Response;
    try {
      answer = await this.#fetch(`/api${path}`, { method, headers, body: sent, keepalive, ...(signal === undefined ? {} : { signal }) });
    } catch {
      throw new Problem('offline', 'The daemon cannot be reached.', 'Start it with `crew up`.');
    }
    if (!answer.ok) throw await problem(answer);
    return answer;
  }
}

async function problem(answer: Response): Promise<Problem> {
  try {
    const { error } = (await answer.json()) as {
      error: { code: ErrorCode; message: string; hint: string | null; key: string | null };
    };
    return new Problem(error.code, error.message, error.hint, error.key);
  } catch {
    return new Problem('internal', `The daemon answered ${answer.status}.`);
  }
}

function search(query: Query): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return '';
  return '?' + new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString();
}
