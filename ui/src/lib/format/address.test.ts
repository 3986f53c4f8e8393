import { expect, test } from 'vitest';
import { addressOf } from './address';

test('an address leads to a task, a run or a place, and says no more', () => {
  const origin = 'http://127.0.0.1:4000';
  expect(addressOf(origin, 12)).toBe(`${origin}/task/12`);
  expect(addressOf(origin, 12, 34)).toBe(`${origin}/task/12?run=34`);
  const place = new URL(addressOf(origin, 12, 34, '1:4096'));
  expect([place.searchParams.get('run'), place.searchParams.get('at'), place.hash]).toEqual(['34', '1:4096', '']);
});
