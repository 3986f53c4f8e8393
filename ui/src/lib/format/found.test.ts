import { expect, test } from 'vitest';
import { parts } from './found';

function check(text: string, words: string, expected: string) {
  const shown = parts(text, words).map((part) => (part.isFound ? `[${part.text}]` : part.text));
  expect(shown.join('')).toBe(expected);
}

test('what was looked for is marked, whatever it is made of', () => {
  check('Round amounts, then ROUND again', 'round', '[Round] amounts, then [ROUND] again');
  check('a.b and axb', 'a.b', '[a.b] and axb');
  check('Übung macht', 'übung ma', '[Übung] [ma]cht');
  check('all of it', '-> *', 'all of it');
});
