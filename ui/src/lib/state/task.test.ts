import { expect, test } from 'vitest';
import type { Client } from '$lib/api/client';
import type { Run } from '$lib/api/types';
import { TaskDetail } from './task.svelte';

async function opened(...runs: number[]) {
  const known = runs.map((id) => ({ id, starts: 1 }) as Run);
  const client = {
    diff: () => Promise.reject(new Error('no worktree')),
    task: () => Promise.resolve({ runs: [...known] }),
  };
  const detail = new TaskDetail(client as unknown as Client, 1);
  await detail.read();
  const begins = (id: number, starts = 1) => {
    known.push({ id, starts } as Run);
    return detail.read();
  };
  return { detail, begins, seen: () => [detail.run?.id ?? null, detail.next?.id ?? null] };
}

test('who looks at the end goes on with the next run', async () => {
  const { detail, begins, seen } = await opened(1);
  detail.look(true);
  await begins(2);
  expect(seen()).toEqual([2, null]);
  await begins(3, 0);
  expect(seen()).toEqual([2, null]);
});

test('who reads stays, until they want the next run', async () => {
  const { detail, begins, seen } = await opened(1);
  detail.look(false);
  await begins(2);
  expect(seen()).toEqual([1, 2]);
  // What they come to the end of is not taken from them either.
  detail.look(true);
  await begins(3);
  expect(seen()).toEqual([1, 3]);
  detail.held = null;
  expect(seen()).toEqual([3, null]);
});

test('who went back to the end before goes on', async () => {
  const { detail, begins, seen } = await opened(1);
  detail.look(false);
  detail.look(true);
  await begins(2);
  expect(seen()).toEqual([2, null]);
});

test('a run that was chosen stays, and nothing is offered', async () => {
  const { detail, begins, seen } = await opened(1, 2);
  detail.chosen = 1;
  detail.look(false);
  await begins(3);
  expect(seen()).toEqual([1, null]);
});
