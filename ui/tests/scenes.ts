// Houses that are fuller than most: for tests, for the bench, and for pictures.

import { expect, type Locator, type Page } from '@playwright/test';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { add, enter, FILES, type House } from './house';

export const EVENTS = 100_000;
const OUTPUT_BYTES = 10_000_000;
export const CARDS = 2_000;
const assets = resolve(dirname(fileURLToPath(import.meta.url)), '../../crates/cli/assets/demo');

/** The repository of `crew demo` with its team, whose story has not begun. */
export function demo(house: House) {
  const read = (path: string) => readFileSync(join(assets, path), 'utf8');
  const files = ['README.md', 'bill', 'march.csv', 'test.sh'].map((name) => [name, read(`repo/${name}`)]);
  house.begin({ ...Object.fromEntries(files), '.crew/team.toml': read('team.toml'), '.crew/playbook.toml': read('playbook.toml') });
}

/** The file that the engineer of the first task prints to, who comes after the pm: the card may show the run before it is there. */
export async function outputOf(house: House): Promise<string> {
  const runs = join(house.home, 'runs');
  const found = () => readdirSync(runs).filter((name) => name.startsWith('2.')).map((name) => join(runs, name, 'out.ndjson')).find(existsSync) ?? '';
  await expect.poll(found, { message: 'the output of the second run' }).not.toBe('');
  return found();
}

/** A board with one card, whose agent has printed more than any would; the last line is `word 99999 of many`. */
export async function longCard(page: Page, house: House): Promise<Locator> {
  house.begin(FILES);
  house.crew('task', 'add', 'nothing');
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'review, 1 card' }).waitFor();
  const out = await outputOf(house);
  const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `${JSON.stringify({ type: 'text', text: `word ${from + at} of many` })}\n`).join('');
  const huge = 'a line of output that goes on\n'.repeat(OUTPUT_BYTES / 30);
  appendFileSync(out, lines(0, EVENTS - 200));
  appendFileSync(out, `${JSON.stringify({ type: 'tool_call', id: 'huge', name: 'shell', input: { command: 'make' } })}\n`);
  appendFileSync(out, `${JSON.stringify({ type: 'tool_result', id: 'huge', ok: true, output: huge })}\n`);
  appendFileSync(out, lines(EVENTS - 200, EVENTS));
  return page.getByRole('button', { name: /^#1 nothing/ });
}

/** A project of 2,000 tasks, of which only the human lets the first one go, and all others wait for it. */
export async function fullBoard(page: Page, house: House) {
  house.begin({ ...FILES, '.crew/team.toml': FILES['.crew/team.toml']?.replace('owner = "pm"', 'owner = "human"\ngates = [{ human = true }]\nback = "todo"') ?? '' });
  await enter(page, house, '/settings');
  const task = (n: number) => add(page, { title: `Task number ${n}`, depends_on: n === 1 ? [] : [1] });
  await task(1);
  for (let n = 2; n <= CARDS; n += 20) await Promise.all(Array.from({ length: Math.min(20, CARDS - n + 1) }, (_, at) => task(n + at)));
}

/** Scrolls, a step in each frame; the times between frames, the shortest first. */
export function scrolled(view: Locator, step: number): Promise<number[]> {
  return view.evaluate(async (it, by) => {
    const gaps: number[] = [];
    let before = performance.now();
    for (let n = 0; n < 90; n += 1) {
      it.scrollTop += by;
      await new Promise((next) => requestAnimationFrame(next));
      gaps.push(performance.now() - before);
      before = performance.now();
    }
    return gaps.sort((a, b) => a - b);
  }, step);
}

/** Clicks, and says after how many milliseconds these words are painted. */
export function painted(at: Locator, words: string): Promise<number> {
  return at.evaluate(
    (it, wanted) =>
      new Promise<number>((done) => {
        const begin = performance.now();
        (it as HTMLElement).click();
        const look = () => {
          if (!document.body.textContent.includes(wanted)) return requestAnimationFrame(look);
          // What is drawn in this frame is on the screen when the next task runs after it.
          const channel = new MessageChannel();
          channel.port1.onmessage = () => done(performance.now() - begin);
          channel.port2.postMessage(0);
          return 0;
        };
        requestAnimationFrame(look);
      }),
    words,
  );
}
