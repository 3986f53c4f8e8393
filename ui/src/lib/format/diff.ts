// Unified diffs as rows, and a diff of two texts. Pure.

export type RowKind = 'same' | 'added' | 'removed' | 'hunk';

export interface Row {
  readonly kind: RowKind;
  readonly old: number | null;
  readonly new: number | null;
  readonly text: string;
}

export interface FileDiff {
  readonly path: string;
  /** Where it was before, if it was renamed. */
  readonly from: string | null;
  readonly kind: 'added' | 'modified' | 'deleted' | 'renamed';
  readonly binary: boolean;
  readonly added: number;
  readonly removed: number;
  readonly rows: readonly Row[];
}

/** Rows as git prints them. */
export function textOf(rows: readonly Row[]): string {
  const sign = { same: ' ', added: '+', removed: '-' };
  return rows.map((row, at) => `${row.kind === 'hunk' ? head(rows, at) : `${sign[row.kind]}${row.text}`}\n`).join('');
}

/** Which lines follow. */
function head(rows: readonly Row[], at: number): string {
  const next = rows.findIndex((row, n) => n > at && row.kind === 'hunk');
  const inside = rows.slice(at + 1, next === -1 ? undefined : next);
  const range = (side: 'old' | 'new') => {
    const lines = inside.flatMap((row) => row[side] ?? []);
    return `${lines[0] ?? 0},${lines.length}`;
  };
  return `@@ -${range('old')} +${range('new')} @@ ${rows[at]?.text ?? ''}`.trimEnd();
}

interface Open {
  path: string;
  from: string | null;
  kind: FileDiff['kind'];
  binary: boolean;
  added: number;
  removed: number;
  rows: Row[];
}

/** Reads what git prints. What is before the first file is a summary. */
export function parseDiff(text: string): FileDiff[] {
  const files: Open[] = [];
  let file: Open | null = null;
  let [oldLine, newLine, oldLeft, newLeft] = [0, 0, 0, 0];
  for (const line of text.split('\n')) {
    if (file !== null && (oldLeft > 0 || newLeft > 0)) {
      const mark = line[0];
      const content = line.slice(1);
      if (mark === '+') {
        file.rows.push({ kind: 'added', old: null, new: newLine++, text: content });
        file.added += 1;
        newLeft -= 1;
      } else if (mark === '-') {
        file.rows.push({ kind: 'removed', old: oldLine++, new: null, text: content });
        file.removed += 1;
        oldLeft -= 1;
      } else if (mark !== '\\') {
        file.rows.push({ kind: 'same', old: oldLine++, new: newLine++, text: content });
        oldLeft -= 1;
        newLeft -= 1;
      }
      continue;
    }
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/.exec(line);
    if (file !== null && hunk !== null) {
      [oldLine, newLine] = [Number(hunk[1]), Number(hunk[3])];
      [oldLeft, newLeft] = [Number(hunk[2] ?? 1), Number(hunk[4] ?? 1)];
      file.rows.push({ kind: 'hunk', old: null, new: null, text: hunk[5] ?? '' });
    } else if (line.startsWith('diff --git ')) {
      file = { path: pathOf(line), from: null, kind: 'modified', binary: false, added: 0, removed: 0, rows: [] };
      files.push(file);
    } else if (file !== null) {
      readHeader(file, line);
    }
  }
  return files;
}

function readHeader(file: Open, line: string) {
  if (line.startsWith('new file')) file.kind = 'added';
  else if (line.startsWith('deleted file')) file.kind = 'deleted';
  else if (line.startsWith('rename from ')) {
    file.kind = 'renamed';
    file.from = line.slice('rename from '.length);
  } else if (line.startsWith('rename to ')) file.path = line.slice('rename to '.length);
  else if (line.startsWith('+++ b/')) file.path = line.slice('+++ b/'.length).replace(/\t$/, '');
  else if (line.startsWith('Binary files ')) file.binary = true;
}

/** `diff --git a/x b/x`: both sides are the same, unless it was renamed. */
function pathOf(line: string): string {
  const sides = line.slice('diff --git a/'.length);
  return sides.slice(0, (sides.length - ' b/'.length) / 2);
}

/** How two texts differ, line by line. */
export function compare(before: string, after: string): Row[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const rows: Row[] = [];
  const same = (at: number, to: number) => rows.push({ kind: 'same', old: at + 1, new: to + 1, text: a[at] ?? '' });
  for (let at = 0; at < head; at += 1) same(at, at);
  middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), head, rows);
  for (let at = tail; at > 0; at -= 1) same(a.length - at, b.length - at);
  return rows;
}

/** The longest common part of what is left; of very much, all is taken out and put in. */
function middle(a: string[], b: string[], offset: number, rows: Row[]) {
  const removed = (i: number) => rows.push({ kind: 'removed', old: offset + i + 1, new: null, text: a[i] ?? '' });
  const added = (j: number) => rows.push({ kind: 'added', old: null, new: offset + j + 1, text: b[j] ?? '' });
  const small = a.length * b.length <= 250_000;
  const length = small ? common(a, b) : [];
  let [i, j] = [0, 0];
  while (small && i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      rows.push({ kind: 'same', old: offset + i + 1, new: offset + j + 1, text: a[i] ?? '' });
      i += 1;
      j += 1;
    } else if ((length[i + 1]?.[j] ?? 0) >= (length[i]?.[j + 1] ?? 0)) removed(i++);
    else added(j++);
  }
  while (i < a.length) removed(i++);
  while (j < b.length) added(j++);
}

function common(a: string[], b: string[]): number[][] {
  const length = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = length[i] ?? [];
      row[j] = a[i] === b[j] ? (length[i + 1]?.[j + 1] ?? 0) + 1 : Math.max(length[i + 1]?.[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return length;
}

function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
