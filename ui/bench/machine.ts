// Processes and what they take, as `/proc` tells.

import { readdirSync, readFileSync } from 'node:fs';
import { pause } from '../desktop/driver';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it is gone
  }
}

const parentOf = (pid: number) => Number(/\) \S (\d+)/.exec(read(`/proc/${pid}/stat`))?.[1] ?? 0);

/** A process and all that it started, directly or not. */
export function tree(root: number): number[] {
  const all = readdirSync('/proc').map(Number).filter((pid) => pid > 0);
  const parents = new Map(all.map((pid) => [pid, parentOf(pid)]));
  const found = new Set([root]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** Memory in MiB: what is shared counts in parts. */
export function pss(pids: readonly number[]): number {
  const kib = pids.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0));
  return kib.reduce((sum, it) => sum + it, 0) / 1024;
}

/** What processes took of one core while somebody waited so long, in percent. */
export async function share(pids: () => readonly number[], ms: number): Promise<number> {
  const ticks = () => pids().map((pid) => read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? []).reduce((sum, it) => sum + Number(it[11] ?? 0) + Number(it[12] ?? 0), 0);
  const before = ticks();
  await pause(ms);
  return ((ticks() - before) * 10 * 100) / ms; // a tick is 10 ms
}

/** The processes whose command line has this in it. */
export function named(part: string): number[] {
  return readdirSync('/proc').map(Number).filter((pid) => pid > 0 && read(`/proc/${pid}/cmdline`).includes(part));
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
