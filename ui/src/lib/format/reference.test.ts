import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { reference } from './reference';

const found = reference(JSON.parse(readFileSync(new URL('../api/openapi.json', import.meta.url), 'utf8')));
const operations = found.groups.flatMap((group) => group.operations);

test('every operation and every shape is there, and says what it is', () => {
  expect(operations.length).toBeGreaterThan(35);
  for (const it of operations) {
    expect(it.summary, it.path).not.toBe('');
    for (const name of [it.body, it.answer]) if (name !== null) expect(found.shapes.has(name), name).toBe(true);
  }
});

test('fields have their types', () => {
  const task = found.shapes.get('NewTask');
  const type = (name: string) => task?.fields.find((it) => it.name === name)?.type;
  expect([type('title'), type('depends_on'), type('priority')]).toEqual(['string', 'integer[]', 'Priority']);
  expect(found.shapes.get('Priority')?.values).toContain('urgent');
  expect(found.shapes.get('TeamEdit')?.variants.map((it) => it.name)).toContain('"rename_stage"');
});
