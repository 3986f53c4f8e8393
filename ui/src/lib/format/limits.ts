// How long a provider serves nothing, in words.
import type { Limit, Plan } from '$lib/api/types';
import { clock, length } from './numbers';

/** In a few words, for the bar. */
export function inShort(limit: Limit, now: number): string {
  if (limit.ends === 'human') return 'waits for you';
  return limit.ends === 'time' && limit.until > now ? `${length(limit.until - now)} left` : 'is tried';
}

/** What holds, and what comes of it. */
export function inWords(limit: Limit, now: number): { holds: string; then: string } {
  const { provider } = limit;
  if (limit.ends === 'human') return { holds: `${provider} serves nobody until you have seen to it`, then: '' };
  const then = 'it goes on by itself';
  if (limit.ends === 'time' && limit.until > now) {
    return { holds: `${provider} is limited until ${clock(limit.until)}, ${length(limit.until - now)} left`, then };
  }
  return { holds: `${provider} was limited, and the next agent tries it`, then };
}

/** Whether somebody may want to try it now. */
export const canTry = (limit: Limit): boolean => limit.ends !== 'probe';

/** The period of each provider's plan of which most is used up, and all of them in words. */
export function fullest(plans: Plan[]): { provider: string; window: Plan['windows'][number]; all: string }[] {
  const most = new Map<string, { provider: string; window: Plan['windows'][number]; all: string }>();
  for (const { provider, windows } of plans) {
    const window = windows.reduce((one, other) => (other.percent > one.percent ? other : one));
    const until = (resets: number | null) => (resets === null ? '' : `, until ${clock(resets)}`);
    const all = windows.map((it) => `${it.percent} % of ${it.name}${until(it.resets)}`).join('; ');
    most.set(provider, { provider, window, all: `${provider} has used ${all} of its plan` });
  }
  return [...most.values()];
}
