import { expect, test } from 'vitest';
import { Typed } from './typed';

test('what is typed stays until it is dropped', () => {
  const typed = new Typed();
  typed.keep('talk 1', 'please');
  expect([typed.get('talk 1'), typed.get('talk 2')]).toEqual(['please', undefined]);
  typed.drop('talk 1');
  expect(typed.get('talk 1')).toBeUndefined();
});
