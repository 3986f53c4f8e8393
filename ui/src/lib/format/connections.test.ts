import { expect, test } from 'vitest';
import { connections } from './connections';

const card = (id: number, more: { depends_on?: number[]; proposed_by?: number } = {}) => ({ id, title: `Task ${id}`, depends_on: more.depends_on ?? [], proposed_by: more.proposed_by ?? null });
const cards = new Map([card(1), card(2, { depends_on: [1] }), card(3, { proposed_by: 1 }), card(4, { proposed_by: 1, depends_on: [1, 3] }), card(5, { proposed_by: 99 })].map((it) => [it.id, it]));
const of = (id: number) => connections(cards.get(id) ?? card(id), cards).map((it) => `${it.how} #${it.id} ${it.title}`);

test('a task that was proposed leads to where it comes from, and back', () => {
  expect(of(3)).toEqual(['proposed by #1 Task 1', 'before #4 Task 4']);
  expect(of(1)).toEqual(['before #2 Task 2', 'before #4 Task 4', 'proposed #3 Task 3', 'proposed #4 Task 4']);
  expect(of(4)).toEqual(['proposed by #1 Task 1', 'after #1 Task 1', 'after #3 Task 3']);
});

test('a task that is gone still has its number', () => {
  expect(of(5)).toEqual(['proposed by #99 ']);
  expect(of(6)).toEqual([]);
});
