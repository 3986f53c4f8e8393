// How what was saved before it was removed is named. Pure.

import type { TrashItem } from '$lib/api/types';
import { count } from './numbers';

/** Something in the trash of a project. */
export interface Saved extends TrashItem {
  readonly project: number;
}

/** The task whose worktree it was in: `12`, or `12-1` of a candidate. */
export function taskOf(item: TrashItem): number | null {
  const found = /^(\d+)(?:-\d+)?$/.exec(item.key);
  return found === null ? null : Number(found[1]);
}

/** Which worktree it was in, where it was not the task's own. */
export function worktreeOf(item: TrashItem): string | null {
  const slot = /^\d+-(\d+)$/.exec(item.key)?.[1];
  if (slot !== undefined) return `slot ${slot}`;
  const run = /^ask-(\d+)$/.exec(item.key)?.[1];
  if (run !== undefined) return `answer of r${run}`;
  return taskOf(item) === null ? item.key : null;
}

/** How much was in it that no commit had. */
export function left(item: TrashItem): string {
  return item.files === 0 ? 'all committed' : count(item.files, 'file');
}

/** A name for the branch that holds it again; of several saves of one worktree, older ones say when. */
export function branchFor(item: TrashItem, items: readonly TrashItem[]): string {
  const name = `restored/${item.key.replace(/[^\w-]+/g, '-')}`;
  const newest = items.filter((it) => it.key === item.key).every((it) => it.at <= item.at);
  return newest ? name : `${name}-${new Date(item.at).toISOString().slice(0, 19).replace(/\D/g, '')}`;
}
