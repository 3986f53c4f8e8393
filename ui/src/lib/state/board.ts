// The board: cards in columns. Pure.

import type { Card, Stage } from '$lib/api/types';

export interface Column {
  readonly stage: Stage;
  readonly cards: readonly Card[];
  /** How many take room in it, found or not: who waits for another takes none. */
  readonly taken: number;
}

const PRIORITY = { urgent: 0, high: 1, normal: 2, low: 3 } as const;
/** What is over comes last, the newest first; what is open by who goes first. */
const order = (a: Card, b: Card) =>
  Number(b.open) - Number(a.open) ||
  (a.open ? PRIORITY[a.priority] - PRIORITY[b.priority] || a.id - b.id : b.entered_at - a.entered_at || b.id - a.id);

export function columns(stages: readonly Stage[], cards: Iterable<Card>, query: string): Column[] {
  const wanted = matcher(query);
  const taken = new Map<string, number>();
  const groups = new Map<string, Card[]>(stages.map((stage) => [stage.name, []]));
  for (const card of cards) {
    if (card.open && card.status.word !== 'blocked') taken.set(card.stage, (taken.get(card.stage) ?? 0) + 1);
    // What was given up is found by searching for it.
    if (card.status.word === 'cancelled' && query.trim() === '') continue;
    if (wanted(card)) groups.get(card.stage)?.push(card);
  }
  return stages.map((stage) => ({ stage, cards: (groups.get(stage.name) ?? []).sort(order), taken: taken.get(stage.name) ?? 0 }));
}

/** Every word has to be found: in the title, or as `#12`, `is:working`, `in:review`, `priority:high`, `label:docs`, `after:#3`. */
export function matcher(query: string): (card: Card) => boolean {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const has = (card: Card, word: string) => {
    if (word.startsWith('is:')) return is(card, word.slice(3).replaceAll('-', '_'));
    if (word.startsWith('in:')) return card.stage.startsWith(word.slice(3));
    if (word.startsWith('priority:')) return card.priority.startsWith(word.slice(9));
    if (word.startsWith('label:')) return card.labels.some((label) => label.toLowerCase().replaceAll(' ', '-').startsWith(word.slice(6)));
    if (word.startsWith('after:')) return card.depends_on.includes(Number(word.slice(6).replace('#', '')));
    if (word.startsWith('#')) return `#${card.id}` === word;
    return card.title.toLowerCase().includes(word);
  };
  return (card) => words.every((word) => has(card, word));
}

function is(card: Card, word: string): boolean {
  if (word === 'open') return card.open;
  if (word === 'waiting') return card.status.needs_human;
  return card.status.word.startsWith(word);
}

/** Filters that are chosen rather than typed. */
export const FILTERS: readonly { readonly label: string; readonly word: string }[] = [
  { label: 'Waits for you', word: 'is:waiting' },
  { label: 'At work', word: 'is:working' },
  { label: 'Blocked by others', word: 'is:blocked' },
  { label: 'Limited', word: 'is:limited' },
  { label: 'Stuck', word: 'is:stuck' },
  { label: 'Urgent', word: 'priority:urgent' },
  { label: 'High priority', word: 'priority:high' },
  { label: 'Given up', word: 'is:cancelled' },
];

/** The query with a word put in, or taken out if it is there. */
export function toggled(query: string, word: string): string {
  const words = query.split(/\s+/).filter((it) => it !== '');
  return (words.includes(word) ? words.filter((it) => it !== word) : [...words, word]).join(' ');
}

/** How many open cards wait for each. */
export function waiting(cards: Iterable<Card>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const card of cards) {
    if (!card.open) continue;
    for (const id of card.depends_on) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** The cards that are in another stage than before. */
export function moved(before: ReadonlyMap<number, string>, cards: Iterable<Card>): number[] {
  const found: number[] = [];
  for (const card of cards) {
    const stage = before.get(card.id);
    if (stage !== undefined && stage !== card.stage) found.push(card.id);
  }
  return found;
}

export type Direction = 'up' | 'down' | 'left' | 'right';

/** The card next to one; into an empty column one does not go. */
export function beside(columns: readonly Column[], id: number | null, to: Direction): number | null {
  const filled = columns.filter((column) => column.cards.length > 0);
  const x = filled.findIndex((column) => column.cards.some((card) => card.id === id));
  if (x === -1) return filled[0]?.cards[0]?.id ?? null;
  const y = filled[x]?.cards.findIndex((card) => card.id === id) ?? 0;
  const step = { up: [0, -1], down: [0, 1], left: [-1, 0], right: [1, 0] }[to] as [number, number];
  const column = filled[Math.max(0, Math.min(filled.length - 1, x + step[0]))];
  const row = Math.max(0, Math.min((column?.cards.length ?? 1) - 1, y + step[1]));
  return column?.cards[row]?.id ?? id;
}
