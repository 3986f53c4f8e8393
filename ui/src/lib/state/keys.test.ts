import { expect, test } from 'vitest';
import { Chords } from './keys';

test('g and a letter are one', () => {
  const chords = new Chords();
  expect([chords.take('j', 0), chords.take('g', 1), chords.take('b', 500)]).toEqual(['j', null, 'g b']);
  expect([chords.take('g', 1_000), chords.take('b', 9_000)]).toEqual([null, 'b']);
});
