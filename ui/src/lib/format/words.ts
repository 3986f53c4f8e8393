// What the words of the domain look like: a glyph, a tone, and a name for people.

import type { IconName } from '$lib/ui/icons';

export type Tone = 'plain' | 'live' | 'ok' | 'warn' | 'bad' | 'quiet';

export interface Mark {
  readonly icon: IconName;
  readonly tone: Tone;
  readonly label: string;
}

const STATUS: Record<string, Mark> = {
  working: { icon: 'working', tone: 'live', label: 'working' },
  no_signal: { icon: 'signal-off', tone: 'bad', label: 'no signal' },
  queued: { icon: 'queued', tone: 'quiet', label: 'queued' },
  blocked: { icon: 'link', tone: 'quiet', label: 'blocked' },
  limited: { icon: 'hourglass', tone: 'warn', label: 'limited' },
  needs_answer: { icon: 'question', tone: 'warn', label: 'needs an answer' },
  needs_approval: { icon: 'approve', tone: 'warn', label: 'needs approval' },
  checking: { icon: 'check-run', tone: 'live', label: 'checking' },
  merging: { icon: 'merge', tone: 'live', label: 'merging' },
  held: { icon: 'held', tone: 'bad', label: 'held' },
  stuck: { icon: 'stuck', tone: 'bad', label: 'stuck' },
  paused: { icon: 'pause', tone: 'quiet', label: 'paused' },
  interrupted: { icon: 'pause', tone: 'warn', label: 'interrupted' },
  stopped: { icon: 'stop', tone: 'bad', label: 'stopped' },
  done: { icon: 'done', tone: 'ok', label: 'done' },
  cancelled: { icon: 'cancelled', tone: 'quiet', label: 'cancelled' },
};

const RUN: Record<string, Mark> = {
  queued: { icon: 'queued', tone: 'quiet', label: 'queued' },
  preparing: { icon: 'queued', tone: 'live', label: 'preparing' },
  running: { icon: 'working', tone: 'live', label: 'running' },
  asking: { icon: 'question', tone: 'warn', label: 'asking' },
  limited: { icon: 'hourglass', tone: 'warn', label: 'limited' },
  paused: { icon: 'pause', tone: 'quiet', label: 'paused' },
  stopping: { icon: 'stop', tone: 'quiet', label: 'stopping' },
  saving: { icon: 'save', tone: 'live', label: 'saving' },
  done: { icon: 'done', tone: 'ok', label: 'done' },
  request: { icon: 'question', tone: 'warn', label: 'request' },
  error: { icon: 'stuck', tone: 'bad', label: 'error' },
  stalled: { icon: 'signal-off', tone: 'bad', label: 'stalled' },
  'handed-over': { icon: 'arrow', tone: 'quiet', label: 'handed over' },
  cancelled: { icon: 'cancelled', tone: 'quiet', label: 'cancelled' },
};

const unknown = (word: string): Mark => ({
  icon: 'dot',
  tone: 'plain',
  label: word.replaceAll('_', ' '),
});

/** The mark of a task's status. A word of a newer daemon is shown as it is. */
export const statusMark = (word: string): Mark => STATUS[word] ?? unknown(word);

/** The mark of a run's state. */
export const runMark = (word: string): Mark => RUN[word] ?? unknown(word);

export interface RoleMark {
  readonly icon: IconName;
  /** The token of its colour. */
  readonly color: string;
}

const ROLES: Record<string, RoleMark> = {
  pm: { icon: 'role-pm', color: 'var(--role-pm)' },
  architect: { icon: 'role-architect', color: 'var(--role-architect)' },
  engineer: { icon: 'role-engineer', color: 'var(--role-engineer)' },
  tester: { icon: 'role-tester', color: 'var(--role-tester)' },
  marketing: { icon: 'role-marketing', color: 'var(--role-marketing)' },
  community: { icon: 'role-community', color: 'var(--role-community)' },
  human: { icon: 'human', color: 'var(--accent)' },
  crewhouse: { icon: 'house', color: 'var(--text-1)' },
};

export const roleMark = (role: string): RoleMark =>
  ROLES[role] ?? { icon: 'role-other', color: 'var(--text-1)' };
