import { lexer, type Tokens } from 'marked';
import { expect, test } from 'vitest';
import { isPlain } from './markdown';

test('most of what is said is plain, and what has a meaning in Markdown is not', () => {
  for (const text of ['I look at src/lib.rs: it is 3.5 times as long.', 'Größe 5 — “gut”!', '2026 is a year', 'a - b + c # 4 | d = e > f', 'ask me @home']) {
    expect(isPlain(text), text).toBe(true);
  }
  for (const text of ['', '- a', '# a', '> a', '1. a', '2) a', 'a *b* c', 'snake_case', '`a`', 'see https://a.b', 'see www.a.b', 'a\nb', 'a&lt;b', '<b>', '[a](b)', 'a\\*', '~a~', 'x@y.de', '    a', '| a |']) {
    expect(isPlain(text), text).toBe(false);
  }
});

test('what is plain is, read as Markdown, one paragraph with the same text', () => {
  const pieces = ['a', 'Z', '7', '.', ')', ' ', '  ', '-', '+', '#', '>', '|', '=', '!', ']', '(', '{', '}', ':', '/', '"', "'", '@', '^', '$', '%', ';', ',', '?', 'ä', '…', 'http', 'mailto:', 'www', '=='];
  // A generator of our own: the same texts in each run.
  let seed = 1;
  const below = (bound: number) => (seed = (seed * 48_271) % 2_147_483_647) % bound;
  let plain = 0;
  for (let n = 0; n < 20_000; n += 1) {
    const text = Array.from({ length: 1 + below(12) }, () => pieces[below(pieces.length)]).join('');
    if (!isPlain(text)) continue;
    plain += 1;
    const tokens = lexer(text, { gfm: true, breaks: true });
    const inner = (tokens[0] as Tokens.Paragraph).tokens;
    const read = inner.map((token) => (token.type === 'text' || token.type === 'escape' ? token.raw : `[${token.type}]`)).join('');
    expect([tokens.length, tokens[0]?.type, read.trim()], JSON.stringify(text)).toEqual([1, 'paragraph', text.trim()]);
  }
  expect(plain).toBeGreaterThan(2_000);
});
