import { expect, test } from 'vitest';
import type { TrashItem } from '$lib/api/types';
import { branchFor, left, taskOf, worktreeOf } from './trash';

const item = (key: string, at = Date.UTC(2026, 10, 22, 21, 5, 9), files = 2) =>
  ({ key, at, files, branch: `crew/${key}`, commit: 'c', reference: `refs/crew/trash/${key}/${at}` }) satisfies TrashItem;

test('a save names its task, and its worktree where that was another one', () => {
  const named = (key: string) => [taskOf(item(key)), worktreeOf(item(key))];
  expect(named('12')).toEqual([12, null]);
  expect(named('12-1')).toEqual([12, 'slot 1']);
  expect(named('ask-7')).toEqual([null, 'answer of r7']);
  expect(named('pool')).toEqual([null, 'pool']);
});

test('what was all committed is not nothing', () => {
  expect([left(item('1')), left(item('1', 0, 1)), left(item('1', 0, 0))]).toEqual(['2 files', '1 file', 'all committed']);
});

test('a branch is named by the worktree, and an older save of it by its time', () => {
  const [older, newer, other] = [item('12'), item('12', Date.UTC(2026, 10, 23)), item('a b/..c')];
  const all = [newer, older, other];
  expect(all.map((it) => branchFor(it, all))).toEqual(['restored/12', 'restored/12-20261122210509', 'restored/a-b-c']);
});
