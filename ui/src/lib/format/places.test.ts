import { expect, test } from 'vitest';
import { placesIn } from './places';

const FILES = ['src/bill.rs', 'bill.sh', 'ui/src/app.ts', 'tools/make.py'];

function check(text: string, expected: string[]) {
  expect(placesIn(text, FILES).map(({ path, line }) => `${path}:${line}`)).toEqual(expected);
}

test('the places of changed files are found in what tools print', () => {
  check('error: x\n --> src/bill.rs:12:5\n --> src/other.rs:3:1', ['src/bill.rs:12']);
  check('./bill.sh:7: not found\n./bill.sh:7: not found', ['bill.sh:7']);
  check('/work/trees/1/ui/src/app.ts(31,2): error TS2304', ['ui/src/app.ts:31']);
  check('File "tools/make.py", line 9, in <module>', ['tools/make.py:9']);
  check('app.ts:4', ['ui/src/app.ts:4']);
  check('at 12:30 nothing.happened 7', []);
  check(Array.from({ length: 20 }, (_, n) => `bill.sh:${n + 1}`).join('\n'), [1, 2, 3, 4, 5, 6].map((n) => `bill.sh:${n}`));
});
