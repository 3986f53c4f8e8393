import { expect, test } from 'vitest';
import { fitting, score, type Command } from './palette';

test('the beginning of a text, then of a word, then anything', () => {
  expect(score('Board', 'bo')).toBe(0);
  expect(score('Go to board', 'bo')).toBe(1);
  expect(score('Keyboard', 'bo')).toBe(2);
  expect(score('Mission Control', 'mc')).toBeGreaterThan(2);
  expect(score('Inbox', 'z')).toBeNull();
});

test('what fits best comes first, otherwise as it was', () => {
  const commands = ['Keyboard', 'Board', 'Team'].map((label) => ({ id: label, label }) as Command);
  expect(fitting(commands, 'board').map((it) => it.label)).toEqual(['Board', 'Keyboard']);
  expect(fitting(commands, '').map((it) => it.label)).toEqual(['Keyboard', 'Board', 'Team']);
});
