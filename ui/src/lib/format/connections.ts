// Which tasks a task has to do with. Pure.

import type { Card } from '$lib/api/types';

export interface Connection {
  readonly id: number;
  readonly title: string;
  readonly how: 'proposed by' | 'after' | 'before' | 'proposed';
}

type Known = Pick<Card, 'id' | 'title' | 'depends_on' | 'proposed_by'>;

/** Where it comes from, what it waits for, what waits for it, and what was proposed at work on it. */
export function connections(task: Pick<Card, 'id' | 'depends_on' | 'proposed_by'>, cards: ReadonlyMap<number, Known>): Connection[] {
  const all = [...cards.values()];
  const named = (how: Connection['how']) => (id: number): Connection => ({ id, how, title: cards.get(id)?.title ?? '' });
  const parent = task.proposed_by === null ? [] : [task.proposed_by];
  return [
    ...parent.map(named('proposed by')),
    ...task.depends_on.map(named('after')),
    ...all.filter((card) => card.depends_on.includes(task.id)).map((card) => named('before')(card.id)),
    ...all.filter((card) => card.proposed_by === task.id).map((card) => named('proposed')(card.id)),
  ];
}
