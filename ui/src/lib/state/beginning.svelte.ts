// Making a project of a repository: where, with which model, and whether anything stands in the way.

import { Problem, type Client } from '$lib/api/client';
import type { Begun, Finding, Place, TeamTemplate } from '$lib/api/types';

export interface ModelKind {
  readonly id: string;
  readonly label: string;
  readonly model: string;
  readonly key: string | null;
}

/** What a new team can be answered by. The names of models are suggestions: they can be typed over. */
export const MODELS: readonly ModelKind[] = [
  { id: '', label: 'Decide later', model: '', key: null },
  { id: 'claude', label: 'Claude Code, as it is logged in here', model: '', key: null },
  { id: 'codex', label: 'Codex, as it is logged in here', model: '', key: null },
  { id: 'gemini-cli', label: 'Gemini CLI, as it is logged in here', model: '', key: null },
  { id: 'opencode', label: 'opencode, as it is set up here', model: '', key: null },
  { id: 'anthropic', label: 'Anthropic’s API', model: 'claude-sonnet-4-5', key: 'ANTHROPIC_API_KEY' },
  { id: 'openai', label: 'OpenAI, or a server that speaks like it', model: '', key: 'OPENAI_API_KEY' },
  { id: 'gemini', label: 'Google Gemini', model: '', key: 'GEMINI_API_KEY' },
  { id: 'ollama', label: 'Ollama, on this machine', model: '', key: null },
];

/** Whether it is a program of its own, which chooses its model and knows who pays. */
export const isProgram = (api: string): boolean => ['claude', 'codex', 'gemini-cli', 'opencode'].includes(api);

export class Beginning {
  readonly #client: Client;
  #asked = 0;

  path = $state('');
  place = $state.raw<Place | null>(null);
  findings = $state.raw<readonly Finding[]>([]);
  problem = $state<string | null>(null);
  busy = $state(false);
  api = $state('');
  model = $state('');
  key = $state('');
  teams = $state.raw<readonly TeamTemplate[]>([]);
  team = $state('');

  constructor(client: Client) {
    this.#client = client;
  }

  readonly repository = $derived(this.place?.repository ?? null);
  readonly ready = $derived.by(() => {
    const found = this.repository;
    if (found === null || found.project !== null || found.branch === null || this.busy) return false;
    return found.has_team || this.api === '' || isProgram(this.api) || this.model.trim() !== '';
  });

  /** Looks at a directory. What was asked before and comes later is not shown. */
  async look(path: string) {
    const asked = (this.#asked += 1);
    this.path = path;
    try {
      const place = await this.#client.place(path);
      if (asked !== this.#asked) return;
      this.place = place;
      this.path = place.path;
      this.problem = null;
      const root = place.repository?.root ?? '';
      const { findings } = await this.#client.doctor(root);
      if (asked === this.#asked) this.findings = findings;
    } catch (error) {
      if (asked === this.#asked) this.#say(error);
    }
  }

  /** The team that is chosen; the first is the default. */
  readonly template = $derived(this.teams.find((it) => it.name === this.team) ?? this.teams[0] ?? null);

  async offer() {
    try {
      this.teams = (await this.#client.teams()).teams;
    } catch (error) {
      this.#say(error);
    }
  }

  choose(api: string) {
    const kind = MODELS.find((it) => it.id === api);
    this.api = api;
    this.model = kind?.model ?? '';
    this.key = kind?.key ?? '';
  }

  begin(): Promise<Begun | null> {
    const root = this.repository?.root;
    if (root === undefined) return Promise.resolve(null);
    const model = this.api === '' ? null : { api: this.api, model: this.model.trim() || null, key_env: this.key.trim() || null };
    return this.#attempt(() => this.#client.begin({ path: root, model, team: this.template?.name ?? null }));
  }

  demo(): Promise<Begun | null> {
    return this.#attempt(() => this.#client.demo());
  }

  async #attempt(what: () => Promise<Begun>): Promise<Begun | null> {
    this.busy = true;
    try {
      const begun = await what();
      this.problem = null;
      return begun;
    } catch (error) {
      this.#say(error);
      return null;
    } finally {
      this.busy = false;
    }
  }

  #say(error: unknown) {
    const hint = error instanceof Problem && error.hint !== null ? `\nhint: ${error.hint}` : '';
    this.problem = (error instanceof Error ? error.message : String(error)) + hint;
  }
}
