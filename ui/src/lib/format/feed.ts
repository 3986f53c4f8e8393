// Entries of the journal as lines for people. Pure, so that it can be tested as data.

import type { JournalEntry, Note } from '$lib/api/types';
import type { IconName } from '$lib/ui/icons';
import type { Tone } from './words';

export type Topic = 'moves' | 'agents' | 'human' | 'trouble';

export interface FeedLine {
  readonly key: string;
  readonly at: number;
  readonly topic: Topic;
  readonly icon: IconName;
  readonly tone: Tone;
  readonly role: string | null;
  readonly task: number | null;
  /** Which project it is about, where that is not known by the task. */
  readonly project: number | null;
  /** The run where it can be seen. */
  readonly run: number | null;
  readonly text: string;
  /** What was said, in one line. */
  readonly detail: string | null;
}

type Draft = Omit<FeedLine, 'key' | 'at' | 'run' | 'project'> & { readonly run?: number; readonly project?: number };

interface Body {
  [key: string]: unknown;
}

export interface Day {
  /** When it began, here. */
  readonly begin: number;
  readonly lines: readonly FeedLine[];
}

/** Lines of the same day together, in the order in which they come. */
export function byDay(lines: readonly FeedLine[]): Day[] {
  const days: { begin: number; end: number; lines: FeedLine[] }[] = [];
  for (const line of lines) {
    const last = days.at(-1);
    if (last !== undefined && line.at >= last.begin && line.at < last.end) last.lines.push(line);
    else days.push({ begin: dayBegin(line.at), end: dayBegin(line.at, 1), lines: [line] });
  }
  return days;
}

/** When the day of a moment began, or one so many days later. */
export function dayBegin(at: number, later = 0): number {
  const moment = new Date(at);
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate() + later).getTime();
}

/** What an entry says, in the order in which it happened. Most entries are bookkeeping: none. */
export function feedLines(entry: JournalEntry): FeedLine[] {
  if (entry.dropped !== null) return [];
  const human = wish(entry);
  const consequences = entry.notes.map((note) => consequence(note, human !== null));
  const drafts = [human, checked(entry), ...consequences].filter((draft): draft is Draft => draft !== null);
  const project = number((entry.body as Body).project);
  return drafts.map((draft, n) => ({ run: null, project: draft.task === null ? project : null, ...draft, key: `${entry.seq}.${n}`, at: entry.at }));
}

/** What a human or a script wanted. */
function wish(entry: JournalEntry): Draft | null {
  const body = entry.body as Body;
  const task = number(body.task);
  const say = (text: string, icon: IconName, detail: unknown = null, tone: Tone = 'plain'): Draft => ({
    topic: 'human',
    icon,
    tone,
    role: 'human',
    task,
    text,
    detail: line(detail),
  });
  switch (entry.event) {
    case 'task_edited':
      return say('edited', 'edit');
    case 'task_paused':
      return say('paused', 'pause');
    case 'task_interrupted':
      return say('interrupted', 'pause');
    case 'task_handed_over':
      return say('handed over', 'arrow', provider(body.to));
    case 'task_resumed':
      return say('resumed', 'play');
    case 'task_cancelled':
      return say('given up', 'cancelled');
    case 'remarked':
      return { ...say('remark', 'remark', body.text), role: text(body.from) ?? 'human' };
    case 'questioned':
      return say('asked who did it', 'remark', body.question);
    case 'limit_lifted':
      return say(`had ${text(body.provider) ?? 'a provider'} tried before its limit is over`, 'hourglass');
    case 'answered':
      return { ...say('answered', 'remark', body.text), task: taskOf(entry.notes) };
    case 'answered_always':
      return { ...say('answered for always', 'remark', body.permission), task: taskOf(entry.notes) };
    case 'forgotten':
      return say(`a${body.ask} is asked again`, 'remark');
    case 'approved':
      return say('approved', 'approve', null, 'ok');
    case 'rejected':
      return say('changes requested', 'back', body.why, 'warn');
    case 'emergency_stopped':
      return say('everything stopped', 'stop', null, 'bad');
    case 'emergency_released':
      return say('work goes on', 'play');
    case 'team_refused':
      return { ...say('team.toml has mistakes; the last good one stays', 'stuck', body.why, 'bad'), topic: 'trouble', role: 'crewhouse' };
    default:
      return null;
  }
}

/** What a check of ours came to. */
function checked(entry: JournalEntry): Draft | null {
  const result = (entry.body as Body).result as Body | undefined;
  const say = (topic: Topic, icon: IconName, tone: Tone, said: string, detail: unknown): Draft => ({ topic, icon, tone, role: null, task: taskOf(entry.notes), text: said, detail: lastLine(detail) });
  switch (entry.event === 'settled' ? result?.result : null) {
    case 'checked':
      return result?.passed === true ? say('moves', 'check-run', 'ok', 'check passed', null) : say('trouble', 'stuck', 'bad', 'a check did not pass', result?.output);
    case 'not_checked':
      return say('trouble', 'stuck', 'bad', 'a check did not run', result?.why);
    case 'conflicted':
      return say('trouble', 'merge', 'warn', 'conflicts with the base branch', Array.isArray(result?.files) ? result.files.join(', ') : null);
    case 'merge_check_failed':
      return say('trouble', 'merge', 'bad', 'merged, it did not pass its check', result?.output);
    default:
      return null;
  }
}

/** What came of it. */
function consequence(note: Note, byHuman: boolean): Draft | null {
  switch (note.note) {
    case 'stage':
      return {
        topic: byHuman ? 'human' : 'moves',
        icon: note.from === null ? 'plus' : 'arrow',
        tone: 'plain',
        role: null,
        task: note.task,
        text: note.from === null ? `new in ${note.to}` : `${note.from} → ${note.to}`,
        detail: null,
      };
    case 'phase':
      return phase(note.task, note.phase);
    case 'run':
      return run(note);
    case 'ask':
      if (note.why?.startsWith('denied')) {
        return { topic: 'trouble', icon: 'question', tone: 'plain', role: null, task: note.task, text: `a${note.ask} ${note.why}`, detail: null };
      }
      if (note.state !== 'open') return null;
      return { topic: 'trouble', icon: 'question', tone: 'warn', role: null, task: note.task, text: `question a${note.ask} waits for you`, detail: null };
    case 'project':
      return { topic: 'human', icon: 'team', tone: 'plain', role: 'crewhouse', task: null, project: note.project, text: 'team in use', detail: null };
  }
}

function phase(task: number, word: string): Draft | null {
  const say = (topic: Topic, icon: IconName, tone: Tone, text: string): Draft => ({ topic, icon, tone, role: null, task, text, detail: null });
  switch (word) {
    case 'approving':
      return say('moves', 'approve', 'warn', 'waits for your approval');
    case 'checking':
      return say('moves', 'check-run', 'plain', 'check runs');
    case 'landing':
      return say('moves', 'merge', 'plain', 'is being merged');
    case 'done':
      return say('moves', 'done', 'ok', 'landed');
    case 'stuck':
      return say('trouble', 'stuck', 'bad', 'is stuck');
    case 'held':
      return say('trouble', 'held', 'bad', 'is held: something is in the way of the merge');
    default:
      return null;
  }
}

function run(note: Extract<Note, { note: 'run' }>): Draft | null {
  const say = (topic: Topic, icon: IconName, tone: Tone, text: string): Draft => ({ topic, icon, tone, role: note.role, task: note.task, run: note.run, text, detail: null });
  switch (note.state) {
    case 'running':
      return say('agents', 'play', 'plain', 'at work');
    case 'done':
      return say('agents', 'done', 'ok', 'done');
    case 'request':
      return say('trouble', 'question', 'warn', 'needs something');
    case 'error':
      return say('trouble', 'stuck', 'bad', 'failed');
    case 'stalled':
      return say('trouble', 'signal-off', 'bad', 'did not end in time');
    case 'limited':
      return say('trouble', 'hourglass', 'warn', 'limited by its provider');
    case 'handed-over':
      return say('trouble', 'arrow', 'plain', 'handed over to another provider');
    default:
      return null;
  }
}

function taskOf(notes: readonly Note[]): number | null {
  const found = notes.find((note) => note.note !== 'project');
  return found !== undefined && 'task' in found ? found.task : null;
}

const number = (value: unknown) => (typeof value === 'number' ? value : null);
const text = (value: unknown) => (typeof value === 'string' ? value : null);

/** Of an output: that is where it says what went wrong. */
function lastLine(value: unknown): string | null {
  const last = text(value)?.trimEnd().split('\n').at(-1);
  return last === undefined || last === '' ? null : last.trim();
}

/** A provider, and a model of it where one was chosen. */
function provider(to: unknown): string | null {
  const { provider, model } = (to ?? {}) as Body;
  return model ? `${text(provider)}/${text(model)}` : text(provider);
}

function line(value: unknown): string | null {
  const first = text(value)?.split('\n').find((part) => part.trim() !== '');
  return first?.trim() ?? null;
}
