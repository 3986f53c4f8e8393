import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem, type Client } from '$lib/api/client';
import type { TrashItem } from '$lib/api/types';
import { Trash } from './trash.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const item = (key: string, at: number) => ({ key, at, files: 1, branch: `crew/${key}`, commit: 'c0ffee', reference: `refs/${key}/${at}` }) satisfies TrashItem;
const CHANGE = 'diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n';

function house(items: Record<number, TrashItem[]>, diffs: { item?: string; task?: string } = {}) {
  const asked: number[] = [];
  const client = {
    trash: (project: number) => {
      asked.push(project);
      const found = items[project];
      return found === undefined ? Promise.reject(new Problem('internal', 'no repository')) : Promise.resolve({ items: found });
    },
    trashDiff: () => Promise.resolve({ text: diffs.item ?? '', truncated: false }),
    diff: () => (diffs.task === undefined ? Promise.reject(new Error('gone')) : Promise.resolve({ text: diffs.task, truncated: false, to: 'beef' })),
    restoreTrash: (_: number, __: string, branch: string) => Promise.resolve({ branch, commit: 'c0ffee' }),
  } as unknown as Client;
  return { asked, trash: new Trash(client) };
}

const keys = (trash: Trash) => trash.items?.map((it) => `${it.project}:${it.key}`);

test('what projects saved is one list, the newest first, and one that cannot be read hides no other', async () => {
  const { trash } = house({ 1: [item('1', 10)], 2: [item('2', 20)] });
  trash.refresh([1, 2, 3]);
  await vi.advanceTimersByTimeAsync(0);
  expect(keys(trash)).toEqual(['2:2', '1:1']);
  expect(trash.problem?.message).toBe('no repository');
});

test('where nothing can be read nothing is claimed', async () => {
  const { trash } = house({});
  trash.refresh([7]);
  await vi.advanceTimersByTimeAsync(0);
  expect([trash.items, trash.problem?.message]).toEqual([null, 'no repository']);
});

test('git is asked again after a pause only, and other projects at once', async () => {
  const { asked, trash } = house({ 1: [], 2: [item('2', 20)] });
  for (let n = 0; n < 9; n += 1) trash.refresh([1]);
  await vi.advanceTimersByTimeAsync(500);
  expect(asked).toEqual([1]);
  trash.refresh([2]);
  expect(trash.items).toBeNull();
  await vi.advanceTimersByTimeAsync(0);
  expect(keys(trash)).toEqual(['2:2']);
  trash.refresh([2]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(asked).toEqual([1, 2, 2]);
});

test('where all of it was committed, what its task changed is shown', async () => {
  const saved = { ...item('4', 1), project: 1 };
  const look = (diffs: { item?: string; task?: string }) => house({}, diffs).trash.look(saved);
  expect(await look({ item: CHANGE, task: '' })).toMatchObject({ of: 'worktree', diff: { text: CHANGE, to: 'c0ffee' } });
  expect(await look({ task: CHANGE })).toMatchObject({ of: 'task', diff: { text: CHANGE, to: 'beef' } });
  expect(await look({})).toMatchObject({ of: 'nothing' });
});

test('where it was restored to is remembered', async () => {
  const { trash } = house({});
  const saved = { ...item('4', 1), project: 1 };
  await trash.restore(saved, 'mine');
  expect(trash.restored.get(saved.reference)).toBe('mine');
});
