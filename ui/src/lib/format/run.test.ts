import { expect, test } from 'vitest';
import { explanation, reachedFor, readable, successor } from './run';

const none = { why: null, takes_over: null, left_percent: null, context_percent: null };

test('a run says what was chosen for it', () => {
  expect(explanation(none)).toBeNull();
  expect(explanation({ ...none, why: 'first choice of its role; `claude` serves nothing for now' })).toBe('first choice of its role; “claude” serves nothing for now');
  expect(explanation({ ...none, why: 'you handed it over', takes_over: 2, context_percent: 62 })).toBe('you handed it over; takes over from r2; its conversation is 62 % full');
  expect(explanation({ ...none, left_percent: 90 })).toBe('began anew, since the conversation before was 90 % full');
});

test('what becomes known in the middle of a run takes no line of its own', () => {
  expect(explanation({ ...none, context_percent: 62 })).toBeNull();
});

test('names read as names', () => {
  expect(readable('`a` and `b`, but ` alone')).toBe('“a” and “b”, but ` alone');
});

test('who went on with it is found', () => {
  const runs = [{ id: 1, takes_over: null }, { id: 2, takes_over: 1 }];
  expect(successor(runs, 1)?.id).toBe(2);
  expect(successor(runs, 2)).toBeUndefined();
});

test('what was reached for says what became of it', () => {
  expect(reachedFor({ path: '/etc', writes: true, denied: true })).toEqual({ says: 'to write, was refused', tone: 'warn' });
  expect(reachedFor({ path: '/etc', writes: false, denied: false }).says).toBe('to read');
});
