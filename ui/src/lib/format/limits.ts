// How long a provider serves nothing, in words.
import type { Limit } from '$lib/api/types';
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
