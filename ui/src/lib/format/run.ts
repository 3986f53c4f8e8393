// Why a run is as it is, in words. Pure.

import type { Reached, Run } from '$lib/api/types';
import type { Tone } from './words';

type Explained = Pick<Run, 'why' | 'takes_over' | 'left_percent' | 'context_percent'>;

/** The daemon marks names as Markdown does. */
export const readable = (text: string): string => text.replace(/`([^`]*)`/g, '“$1”');

/** How full its conversation is; null where its agent has not said so. */
export const fullness = (run: Pick<Run, 'context_percent'>): string | null => (run.context_percent === null ? null : `${run.context_percent} % full`);

/** Why it did not go on with the conversation before. */
export const beganAnew = (run: Pick<Run, 'left_percent'>): string | null => (run.left_percent === null ? null : `the conversation before was ${run.left_percent} % full`);

/** What there was to choose for a run, in one line; null where there was nothing. */
export function explanation(run: Explained): string | null {
  const chosen = [
    run.why === null ? null : readable(run.why),
    run.takes_over === null ? null : `takes over from r${run.takes_over}`,
    run.left_percent === null ? null : `began anew, since ${beganAnew(run)}`,
  ].filter((it) => it !== null);
  if (chosen.length === 0) return null;
  // Not alone: it becomes known in the middle of a run, and a line for it would move what is read.
  const full = run.context_percent === null ? [] : [`its conversation is ${fullness(run)}`];
  return [...chosen, ...full].join('; ');
}

/** The run that took its work over. */
export const successor = <R extends Pick<Run, 'takes_over'>>(runs: readonly R[], id: number): R | undefined => runs.find((it) => it.takes_over === id);

/** What it wanted in a place outside of its worktree, and whether it got it. */
export function reachedFor({ writes, denied }: Reached): { says: string; tone: Tone } {
  const what = writes ? 'to write' : 'to read';
  return denied ? { says: `${what}, was refused`, tone: 'warn' } : { says: what, tone: 'quiet' };
}
