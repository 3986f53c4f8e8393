import { expect, test } from 'vitest';
import type { Card, Changes, JournalEntry, Status } from '$lib/api/types';
import { applied, ENTRIES_MAX, type Picture } from './picture';

const entry = (seq: number) => ({ seq, notes: [], dropped: null }) as unknown as JournalEntry;
const card = (id: number, stage: string) => ({ id, stage }) as unknown as Card;
const status = (runs: number[]) =>
  ({ agents: runs.map((run) => ({ run, live: null })) }) as unknown as Status;

const start: Picture = {
  seq: 10,
  tasks: new Map([[1, card(1, 'todo')]]),
  status: status([5, 6]),
  inbox: [],
  entries: [entry(10)],
};

function changes(seqs: number[], tasks: Card[] = []) {
  const seq = seqs.at(-1) ?? 0;
  const told: Changes = { seq, entries: seqs.map(entry), tasks, status: status([]), inbox: null };
  return { ...told, type: 'changes' as const };
}

function next(picture: Picture, message: Parameters<typeof applied>[1]): Picture {
  const after = applied(picture, message);
  if (after.kind === 'gap') throw new Error('a gap');
  return after.picture;
}

test('changes lay over what was there', () => {
  const after = next(start, changes([11, 12], [card(2, 'todo'), card(1, 'done')]));
  expect([...after.tasks.values()].map((it) => it.stage)).toEqual(['done', 'todo']);
  expect(after.entries.map((it) => it.seq)).toEqual([10, 11, 12]);
  expect(start.tasks.get(1)?.stage).toBe('todo');
});

test('what was told before changes nothing', () => {
  const after = next(start, changes([9, 10], [card(1, 'old')]));
  expect(after).toBe(start);
});

test('what overlaps is taken once', () => {
  const after = next(start, changes([9, 10, 11]));
  expect(after.entries.map((it) => it.seq)).toEqual([10, 11]);
});

test('a gap is seen, whether it is told or not', () => {
  expect(applied(start, changes([12])).kind).toBe('gap');
  expect(applied(start, { type: 'gap', seq: 900 }).kind).toBe('gap');
});

test('an inbox that is the same is not told again', () => {
  const waits = [{ task: 1 }] as unknown as Picture['inbox'];
  expect(next({ ...start, inbox: waits }, changes([11])).inbox).toBe(waits);
});

test('a live line is that of its run alone', () => {
  const after = next(start, { type: 'live', agents: [{ run: 6, live: 'shell make' }] });
  expect(after.status.agents.map((it) => it.live)).toEqual([null, 'shell make']);
});

test('the feed is bounded', () => {
  let picture = start;
  for (let seq = 11; seq < 11 + ENTRIES_MAX * 2; seq += 1) picture = next(picture, changes([seq]));
  expect(picture.entries.length).toBe(ENTRIES_MAX);
});
