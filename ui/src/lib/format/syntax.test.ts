import { expect, test } from 'vitest';
import { tokens } from './syntax';

const check = (path: string, line: string) => tokens(path, line).map((it) => `${it.kind[0]}:${it.text}`);

test('a line falls into pieces that make the line', () => {
  expect(check('a.rs', 'let x = "a // b"; // 3')).toEqual(['w:let', 'p: x = ', 't:"a // b"', 'p:; ', 'c:// 3']);
  expect(check('a.py', 'return 12 # no')).toEqual(['w:return', 'p: ', 'n:12', 'p: ', 'c:# no']);
  expect(check('a.md', 'let it be')).toEqual(['p:let it be']);
  for (const line of ["it's", 'a "b', '日本 = `x`', '']) {
    expect(tokens('a.ts', line).map((it) => it.text).join('')).toBe(line);
  }
});
