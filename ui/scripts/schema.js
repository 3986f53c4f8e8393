// Makes the types of the API from its description: `node scripts/schema.js`.
import { readFile, writeFile } from 'node:fs/promises';
import { declarations } from './declarations.js';

const api = new URL('../src/lib/api/', import.meta.url);
const description = JSON.parse(await readFile(new URL('openapi.json', api), 'utf8'));
await writeFile(new URL('schema.d.ts', api), await declarations(description));
