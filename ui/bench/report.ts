// The part of docs/benchmarks.md that is about the face. What is above the marker is not ours.

import { readFileSync, writeFileSync } from 'node:fs';

export const MARKER = '<!-- From here on: `make ui-bench`. -->';

export interface Row {
  readonly what: string;
  readonly here: string;
  readonly raw: string;
  /** What was hoped for, and whether it is so. */
  readonly aim?: { readonly text: string; readonly met: boolean };
}

export interface Section {
  readonly title: string;
  /** What is done, and what "raw" is. */
  readonly how: string;
  readonly rows: readonly Row[];
}

function shown({ title, how, rows }: Section): string {
  const aim = (row: Row) => (row.aim === undefined ? '' : `${row.aim.text}: ${row.aim.met ? 'met' : '**missed**'}`);
  const lines = rows.map((row) => `| ${row.what} | ${row.here} | ${row.raw} | ${aim(row)} |`);
  return `\n## ${title}\n\n${how}\n\n| | here | raw | aim |\n|---|---|---|---|\n${lines.join('\n')}\n`;
}

export function document(sections: readonly Section[]): string {
  return sections.map(shown).join('');
}

/** Puts each section in the place of the one of that title; those that were not measured stay. */
export function write(path: string, sections: readonly Section[]) {
  const [before = '', ours = ''] = readFileSync(path, 'utf8').split(MARKER);
  const titled = (text: string) => text.slice('\n## '.length, text.indexOf('\n', 1));
  const kept = ours.split(/(?=\n## )/).filter((text) => text.startsWith('\n## '));
  const texts = new Map([...kept, ...sections.map(shown)].map((text) => [titled(text), `${text.trimEnd()}\n`]));
  writeFileSync(path, `${before.trimEnd()}\n\n${MARKER}\n${[...texts.values()].join('')}`);
}

/** A number with as many digits as say something. */
export function number(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (Math.abs(value) < 10) return value.toFixed(2);
  if (Math.abs(value) < 100) return value.toFixed(1);
  return Math.round(value).toLocaleString('en-US');
}
