import { expect, test } from 'vitest';
import type { Card, Stage } from '$lib/api/types';
import { beside, columns, matcher, moved, toggled, waiting } from './board';

const stages = ['todo', 'doing', 'done'].map((name) => ({ name }) as Stage);
function card(id: number, stage: string, more: Partial<Card> = {}): Card {
  const status = { word: 'queued' } as Card['status'];
  return { id, stage, title: `Task ${id}`, priority: 'normal', open: true, entered_at: id, labels: [], depends_on: [], status, ...more } as Card;
}
const ids = (it: ReturnType<typeof columns>) => it.map((column) => column.cards.map((c) => c.id));

test('cards stand in their columns, in the order in which they go', () => {
  const cards = [
    card(1, 'todo'),
    card(2, 'todo', { priority: 'urgent' }),
    card(3, 'done', { open: false, entered_at: 30 }),
    card(4, 'done', { open: false, entered_at: 40 }),
    card(5, 'todo', { open: false, status: { word: 'cancelled' } as Card['status'] }),
    card(6, 'a stage that is gone'),
  ];
  expect(ids(columns(stages, cards, ''))).toEqual([[2, 1], [], [4, 3]]);
  expect(ids(columns(stages, cards, 'is:cancelled'))).toEqual([[5], [], []]);
});

test('what a card is connected with is found and counted', () => {
  const cards = [card(1, 'todo'), card(2, 'todo', { depends_on: [1] }), card(3, 'doing', { depends_on: [1, 2] }), card(4, 'done', { depends_on: [1], open: false })];
  expect([...waiting(cards)]).toEqual([[1, 2], [2, 1]]);
  expect(ids(columns(stages, cards, 'after:#1 in:do'))).toEqual([[], [3], [4]]);
  expect(toggled(toggled('prüfen', 'is:stuck'), 'prüfen')).toBe('is:stuck');
});

test('room is taken by what is open and waits for no other, found or not', () => {
  const blocked = { status: { word: 'blocked' } as Card['status'] };
  const cards = [card(1, 'todo'), card(2, 'todo', blocked), card(3, 'todo', { open: false }), card(4, 'todo')];
  expect(columns(stages, cards, '#1').map((column) => [column.cards.length, column.taken])).toEqual([[1, 2], [0, 0], [0, 0]]);
});

test('words narrow it down', () => {
  const matches = (query: string, it: Card) => matcher(query)(it);
  const it = card(12, 'todo', { title: 'Überweisung prüfen', labels: ['Good first issue'], status: { word: 'needs_answer' } as Card['status'] });
  expect(['prüfen über', '#12', 'is:needs-answer', 'label:good-first', ''].every((query) => matches(query, it))).toBe(true);
  expect(['#1', 'is:working', 'label:issue', 'über x'].some((query) => matches(query, it))).toBe(false);
});

test('what has moved is seen', () => {
  const before = new Map([[1, 'todo'], [2, 'todo']]);
  expect(moved(before, [card(1, 'doing'), card(2, 'todo'), card(3, 'done')])).toEqual([1]);
});

test('one goes from card to card', () => {
  const board = columns(stages, [card(1, 'todo'), card(2, 'todo'), card(3, 'done')], '');
  expect(beside(board, null, 'down')).toBe(1);
  expect(beside(board, 1, 'down')).toBe(2);
  expect(beside(board, 2, 'down')).toBe(2);
  expect(beside(board, 2, 'right')).toBe(3);
  expect(beside(board, 3, 'left')).toBe(1);
  expect(beside([], null, 'up')).toBeNull();
});
