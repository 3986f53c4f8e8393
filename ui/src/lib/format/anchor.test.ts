import { expect, test } from 'vitest';
import { canPin, charactersLeft } from './anchor';

test('an anchor has words, and not too many', () => {
  expect([canPin('  '), canPin('The API stays as it is'), canPin('a'.repeat(501))]).toEqual([false, true, false]);
  expect(charactersLeft(` ${'🦀'.repeat(500)} `)).toBe(0);
  expect(canPin('🦀'.repeat(500))).toBe(true);
});
