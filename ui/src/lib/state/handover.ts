// Work that goes on with another provider or another model: who does it now, and what would change. Pure.

import type { Card, Provider, Run } from '$lib/api/types';

/** What a human has in mind: somebody else, or the same with another model. */
export type Wanted = 'provider' | 'model';

/** The phases of a task in which its agents have work. */
const PHASES_OF_WORK = new Set(['working', 'consulting', 'choosing', 'judging']);

/** Whether somebody works on a task, or is about to. */
export const isInWork = (card: Pick<Card, 'open' | 'phase'>): boolean => card.open && PHASES_OF_WORK.has(card.phase);

/** The runs whose work can go on with another. Who only answers a question has its conversation where it is. */
export function runsInWork<R extends Pick<Run, 'over' | 'state' | 'purpose'>>(runs: readonly R[]): R[] {
  return runs.filter((run) => !run.over && run.state !== 'saving' && run.purpose !== 'answer');
}

type At = Pick<Run, 'provider'>;

/** The provider that the form begins with: the one at work for another model, else the first other one that serves. */
export function firstChoice(wanted: Wanted, runs: readonly At[], providers: readonly Pick<Provider, 'name'>[], limited: ReadonlySet<string>): string {
  const now = runs.at(-1)?.provider;
  if (wanted === 'model' && now !== undefined) return now;
  const others = providers.filter((it) => it.name !== now);
  return (others.find((it) => !limited.has(it.name)) ?? others[0])?.name ?? now ?? '';
}

/** Whether all of the work is done by that provider now: only another model is a change then. */
export const isSame = (runs: readonly At[], provider: string): boolean => runs.every((run) => run.provider === provider);

/** Whether anything would change. */
export function changes(runs: readonly At[], provider: string, model: string): boolean {
  return runs.length > 0 && provider !== '' && (model.trim() !== '' || !isSame(runs, provider));
}

/** What happens to the work, before one lets it happen. */
export function consequence(runs: readonly Pick<Run, 'provider' | 'starts'>[], provider: string, paused: boolean): string {
  const next = runs.every((run) => run.starts === 0)
    ? 'No agent has begun yet: the one that you choose does.'
    : isSame(runs, provider)
      ? 'The agent ends its turn, and goes on in the same conversation.'
      : 'The agent ends its turn. The next one goes on with what is there, and is told what was done.';
  return paused ? `${next} It is paused: this lets it go on.` : next;
}

/** What is said after: the provider as one names it to `crew`. */
export function goesOn(task: number, provider: string, model: string): string {
  const named = model.trim() === '' ? provider : `${provider}/${model.trim()}`;
  return `#${task} goes on with ${named}`;
}
