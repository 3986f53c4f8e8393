import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
// @ts-expect-error a script has no types
import { declarations } from '../../../scripts/declarations.js';

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

test('the types are those of the description (`make schema` makes them)', async () => {
  const made = (await declarations(JSON.parse(read('openapi.json')))) as string;
  expect(made).toBe(read('schema.d.ts'));
});
