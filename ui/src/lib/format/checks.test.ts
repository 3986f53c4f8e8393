import { expect, test } from 'vitest';
import type { Check } from '$lib/api/types';
import { dotsOfCard, sentence } from './checks';

const check = (kind: Check['kind'], name: string, state: Check['state']): Check => ({ kind, name, state, stage: 'testing', commit: null, at: null, run: null });

test('a card has dots once something was asked', () => {
  const ahead = [check('check', 'make test', 'ahead'), check('approval', 'human', 'ahead')];
  expect(dotsOfCard(ahead)).toEqual([]);
  const shown = dotsOfCard([check('check', 'make test', 'failed'), check('verdict', 'tester', 'running'), ...ahead.slice(1)]);
  expect(shown.map((dot) => dot.sign)).toEqual(['✗', '', '']);
  expect(sentence(shown)).toBe('make test: did not pass, verdict of tester: runs, your approval: to come');
});
