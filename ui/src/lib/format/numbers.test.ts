import { expect, test } from 'vitest';
import { cost, count, duration, length, money, stopwatch, tokens } from './numbers';

test.each([
  [0, '$0'],
  [500, '<$0.001'],
  [42_000, '$0.042'],
  [1_284_000, '$1.28'],
  [312_400_000, '$312'],
])('%i millionths of a dollar read %s', (micros, text) => expect(money(micros)).toBe(text));

test.each([
  [940, '940'],
  [1_234, '1.2k'],
  [12_345, '12k'],
  [999_600, '1.0M'],
])('%i tokens read %s', (n, text) => expect(tokens(n)).toBe(text));

test.each([
  [900, '0 s'],
  [65_000, '1 min'],
  [7_300_000, '2 h 1 min'],
  [7_200_000, '2 h'],
  [40_000_000, '11 h'],
  [200_000_000, '2 d'],
  [-5, '0 s'],
])('%i milliseconds read %s', (ms, text) => expect(length(ms)).toBe(text));

test('a watch counts up', () => {
  expect([40, 199, 200, 1_240, 9_940, 9_960, 42_400, 240_000, 250_000, 7_140_000].map(duration)).toEqual(['<0.2 s', '<0.2 s', '0.2 s', '1.2 s', '9.9 s', '10 s', '42 s', '4 min', '4 min 10 s', '1 h 59 min']);
  expect([8_000, 250_000, 3_850_000].map(stopwatch)).toEqual(['0:08', '4:10', '1:04:10']);
});

test('an unknown price is not nothing', () => {
  const usage = { input_tokens: 1, cached_tokens: 0, output_tokens: 0, tokens: 1 };
  expect(cost({ ...usage, cost_micros: null })).toBe('unknown');
  expect(cost({ ...usage, cost_micros: 0 })).toBe('$0');
  expect(cost({ ...usage, tokens: 0, cost_micros: null })).toBe('–');
});

test('one is one', () => {
  expect([count(1, 'task'), count(2_000, 'task')]).toEqual(['1 task', '2,000 tasks']);
});
