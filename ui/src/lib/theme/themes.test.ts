import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { THEMES } from './themes';

const directory = new URL('./themes/', import.meta.url);

type Tokens = Map<string, [number, number, number]>;

function read(id: string): Tokens {
  const text = readFileSync(new URL(`${id}.css`, directory), 'utf8');
  const found = text.matchAll(/--([\w-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)/g);
  return new Map([...found].map(([, name, l, c, h]) => [name ?? '', [Number(l), Number(c), Number(h)]]));
}

/** Relative luminance, as WCAG has it. */
function luminance([l, c, h]: [number, number, number]): number {
  const [a, b] = [c * Math.cos((h * Math.PI) / 180), c * Math.sin((h * Math.PI) / 180)];
  const L = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const M = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const S = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const inside = (value: number) => Math.min(1, Math.max(0, value));
  const red = inside(4.0767416621 * L - 3.3077115913 * M + 0.2309699292 * S);
  const green = inside(-1.2684380046 * L + 2.6097574011 * M - 0.3413193965 * S);
  const blue = inside(-0.0041960863 * L - 0.7034186147 * M + 1.707614701 * S);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(tokens: Tokens, one: string, other: string): number {
  const [x, y] = [one, other].map((name) => {
    const token = tokens.get(name);
    if (token === undefined) throw new Error(`there is no --${name}`);
    return luminance(token) + 0.05;
  }) as [number, number];
  return Math.max(x, y) / Math.min(x, y);
}

const SURFACES = ['surface-0', 'surface-1', 'surface-2', 'surface-3'];
const WORDS = ['text-0', 'text-1', 'text-2', 'accent', 'ok', 'warn', 'bad', 'info'];
const ROLES = ['pm', 'architect', 'engineer', 'tester', 'marketing', 'community'].map((role) => `role-${role}`);

test('every theme is offered, and every one that is offered is there', () => {
  const files = readdirSync(directory).map((name) => name.replace('.css', ''));
  expect(THEMES.map((theme) => theme.id).toSorted()).toEqual(files.toSorted());
});

test.each(THEMES.map((theme) => theme.id))('%s can be read', (id) => {
  const tokens = read(id);
  const least = id.startsWith('high-contrast') ? 7 : 4.5;
  for (const surface of SURFACES) {
    for (const word of [...WORDS, ...ROLES]) {
      expect.soft(contrast(tokens, word, surface), `--${word} on --${surface}`).toBeGreaterThanOrEqual(least);
    }
  }
  expect.soft(contrast(tokens, 'on-accent', 'accent'), 'on-accent').toBeGreaterThanOrEqual(4.5);
  expect.soft(contrast(tokens, 'line-strong', 'surface-0'), 'fields').toBeGreaterThanOrEqual(3);
});
