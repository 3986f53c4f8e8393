import { expect, test } from 'vitest';
import { compare, parseDiff, textOf } from './diff';

const GIT = ` a b.txt | 2 +-
 1 file changed
diff --git a/a b.txt b/a b.txt
index 1..2 100644
--- a/a b.txt	
+++ b/a b.txt	
@@ -1,3 +1,3 @@ fn main
 one
--- two
+++ zwei
 three
\\ No newline at end of file
diff --git a/old.rs b/new.rs
similarity index 100%
rename from old.rs
rename to new.rs
diff --git a/pic.png b/pic.png
new file mode 100644
Binary files /dev/null and b/pic.png differ
`;

test('rows are copied as git prints them', () => {
  const rows = parseDiff(GIT)[0]?.rows ?? [];
  expect(textOf(rows)).toBe('@@ -1,3 +1,3 @@ fn main\n one\n--- two\n+++ zwei\n three\n');
  expect(textOf(compare('', 'a\n'))).toBe('+a\n');
});

test('what git prints is read, lines that look like headers too', () => {
  const [first, second, third] = parseDiff(GIT);
  expect(first).toMatchObject({ path: 'a b.txt', kind: 'modified', added: 1, removed: 1 });
  expect(first?.rows.map((row) => [row.kind, row.old, row.new, row.text])).toEqual([
    ['hunk', null, null, 'fn main'],
    ['same', 1, 1, 'one'],
    ['removed', 2, null, '-- two'],
    ['added', null, 2, '++ zwei'],
    ['same', 3, 3, 'three'],
  ]);
  expect(second).toMatchObject({ path: 'new.rs', from: 'old.rs', kind: 'renamed' });
  expect(third).toMatchObject({ path: 'pic.png', kind: 'added', binary: true });
});

test('two texts are compared', () => {
  const check = (before: string, after: string) =>
    compare(before, after)
      .map((row) => ({ same: ' ', added: '+', removed: '-', hunk: '@' })[row.kind] + row.text)
      .join('|');
  expect(check('a\nb\nc\n', 'a\nx\nc\n')).toBe(' a|-b|+x| c');
  expect(check('', 'a\nb')).toBe('+a|+b');
  expect(check('a\nb\nc\nd', 'b\nd\ne')).toBe('-a| b|-c| d|+e');
  expect(check('same', 'same')).toBe(' same');
});
