import { expect, test } from 'vitest';
import type { Limit } from '$lib/api/types';
import { canTry, fullest, inShort, inWords } from './limits';

const limit = (ends: Limit['ends'], until: number): Limit => ({ project: 1, provider: 'claude', until, ends, message: 'used up' });

test('a limit says what ends it', () => {
  expect(inShort(limit('time', 120_000), 0)).toBe('2 min left');
  expect(inWords(limit('time', 120_000), 0).holds).toMatch(/^claude is limited until .*, 2 min left$/);
  expect(inShort(limit('probe', 0), 5)).toBe('is tried');
  expect(inWords(limit('probe', 0), 5).then).toBe('it goes on by itself');
  expect(inShort(limit('human', 0), 5)).toBe('waits for you');
  expect(inWords(limit('human', 0), 5)).toEqual({ holds: 'claude serves nobody until you have seen to it', then: '' });
});

test('it is tried once at a time', () => {
  expect([limit('time', 9), limit('human', 0), limit('probe', 0)].map(canTry)).toEqual([true, true, false]);
});

test('of a plan the fullest period is shown', () => {
  const windows = [{ name: '5 h', percent: 41, resets: null }, { name: '7 d', percent: 93, resets: 0 }];
  const [plan, ...others] = fullest([{ project: 1, provider: 'codex', windows }, { project: 2, provider: 'codex', windows }]);
  expect(others).toEqual([]);
  expect(plan?.window.name).toBe('7 d');
  expect(plan?.all).toMatch(/^codex has used 41 % of 5 h; 93 % of 7 d, until .* of its plan$/);
});
