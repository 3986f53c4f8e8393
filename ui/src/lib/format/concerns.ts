// What is worth a look though nobody asks: what happened, why, and which tasks it is about. Pure.

import type { Card, Status } from '$lib/api/types';
import type { IconName } from '$lib/ui/icons';
import { count, length } from './numbers';

export interface Concern {
  readonly key: string;
  readonly icon: IconName;
  readonly tone: 'warn' | 'bad';
  readonly label: string;
  readonly what: string;
  /** Why, and what comes of it. */
  readonly why: string;
  readonly tasks: readonly number[];
  /** The run in which it can be seen. */
  readonly run: number | null;
  /** The task that may be held back because of it. */
  readonly pause: number | null;
}

/** Of what is the same for many tasks, so many are named. */
const NAMED = 6;
/** Pairs of tasks that are shown. */
const PAIRS = 5;

export function concerns(status: Status | null, cards: ReadonlyMap<number, Card>, shows: (project: number) => boolean): Concern[] {
  if (status === null) return [];
  return [...quiet(status, shows), ...github(cards, shows), ...overlaps(status, cards, shows)];
}

function quiet({ agents, now }: Status, shows: (project: number) => boolean): Concern[] {
  return agents.flatMap((agent) => {
    if (agent.quiet_since === null || !shows(agent.project)) return [];
    return {
      key: `quiet ${agent.run}`,
      icon: 'signal-off',
      tone: 'bad',
      label: 'No signal',
      what: `${agent.role} has said nothing for ${length(now - agent.quiet_since)}`,
      why: 'It thinks, waits for something that takes long, or hangs. If it stays silent, it is ended by itself.',
      tasks: [agent.task],
      run: agent.run,
      pause: agent.task,
    } satisfies Concern;
  });
}

/** The same trouble is told once, whatever number of tasks it is about. */
function github(cards: ReadonlyMap<number, Card>, shows: (project: number) => boolean): Concern[] {
  const found = new Map<string, { what: string; why: string; tasks: number[] }>();
  const note = (card: Card, what: string, why: string | null) => {
    if (why === null || !shows(card.project)) return;
    const key = `${card.project} ${what} ${why}`;
    const known = found.get(key) ?? { what, why, tasks: [] };
    known.tasks.push(card.id);
    found.set(key, known);
  };
  for (const card of cards.values()) {
    note(card, 'GitHub does not say what the board says', card.issue_trouble);
    note(card, 'GitHub does not show the work', card.pull_trouble);
  }
  return [...found].map(([key, { what, why, tasks }]) => {
    const more = tasks.length - NAMED;
    return {
      key: `github ${key}`,
      icon: 'pull',
      tone: 'bad',
      label: 'GitHub',
      what: more > 0 ? `${what} of these and ${count(more, 'more task', 'more tasks')}` : what,
      why,
      tasks: tasks.slice(0, NAMED),
      run: null,
      pause: null,
    } satisfies Concern;
  });
}

function overlaps({ projects }: Status, cards: ReadonlyMap<number, Card>, shows: (project: number) => boolean): Concern[] {
  const pairs = projects.filter((project) => shows(project.id)).flatMap((project) => project.overlaps);
  return pairs.slice(0, PAIRS).map(({ first, second, files, files_total }, at) => {
    const more = files_total - files.length;
    const hidden = at === PAIRS - 1 ? pairs.length - PAIRS : 0;
    const later = cards.get(second);
    return {
      key: `overlap ${first} ${second}`,
      icon: 'collide',
      tone: 'warn',
      label: 'Same files',
      what: `#${first} and #${second} change ${files.join(', ')}${more > 0 ? ` and ${count(more, 'more file')}` : ''}`,
      why: `The one that lands later has to catch up.${hidden > 0 ? ` ${count(hidden, 'more pair changes', 'more pairs change')} the same files: the board marks them.` : ''}`,
      tasks: [first, second],
      run: null,
      pause: later?.open === true && !later.paused ? second : null,
    } satisfies Concern;
  });
}
