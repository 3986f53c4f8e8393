import { appendFileSync } from 'node:fs';
import { enter, expect, FILES, test } from './house';
import { EVENTS, longCard, outputOf, painted, scrolled } from './scenes';

test('a card of 100,000 events and 10 MB of output is there at once', async ({ page, house, problems }) => {
  const card = await longCard(page, house);
  const times: number[] = [];
  for (let n = 0; n < 3; n += 1) {
    if (n > 0) await page.keyboard.press('Escape');
    times.push(await painted(card, `word ${EVENTS - 1} of many`));
  }
  console.log(`the end of the log is there after ${times.map(Math.round).join(', ')} ms`);
  // Aimed at 300 ms on a machine with nothing else to do.
  expect(Math.min(...times)).toBeLessThan(1_500);
  const frames = await scrolled(page.getByRole('log'), -60);
  console.log(`scrolling: median frame ${frames[45]?.toFixed(1)} ms, longest ${frames.at(-1)?.toFixed(0)} ms`);
  expect(frames[45]).toBeLessThan(50);
  expect(problems).toEqual([]);
});

/** An agent that is at work for as long as it takes, and says nothing by itself. */
const WAITS = `
[[scene]]
role = "pm"
[[scene.turn]]
finish = "DONE: clear"

[[scene]]
role = "engineer"
[[scene.turn]]
delay_ms = 600000
say = "at last"
`;

test('who looks at the end sees it filled, however high each thing is that is said, and little more is drawn', async ({ page, house, problems }) => {
  house.begin({ ...FILES, '.crew/playbook.toml': WAITS });
  house.crew('task', 'add', 'stream');
  await enter(page, house, '/task/1');
  const log = page.getByRole('log', { name: /r2/ });
  await log.waitFor();
  const out = await outputOf(house);
  const say = (texts: readonly string[]) => appendFileSync(out, texts.map((text) => `${JSON.stringify({ type: 'text', text })}\n`).join(''));
  const words = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name} ${n}`);
  const high = (name: string) => `${name}:\n${words('line', 120).join('\n')}`;
  const drawn = () => log.locator('.item').count();
  const atEnd = () => log.evaluate((it) => ({ below: it.scrollHeight - it.scrollTop - it.clientHeight, above: it.scrollTop }));
  /** At the end, with something above it, and not with all that was said. */
  const filled = async (last: string, most: number) => {
    await log.getByText(last, { exact: true }).waitFor();
    await expect.poll(async () => (await atEnd()).below).toBeLessThan(2);
    expect((await atEnd()).above).toBeGreaterThan(100);
    expect(await drawn()).toBeLessThan(most);
  };
  say(words('short', 500));
  await filled('short 499', 60);
  say([high('high'), high('higher'), high('highest')]);
  await expect.poll(drawn).toBeLessThan(12);
  expect((await atEnd()).below).toBeLessThan(2);
  say(words('low', 12));
  await filled('low 11', 60);
  say(words('lower', 100));
  await filled('lower 99', 60);
  await page.setViewportSize({ width: 1280, height: 1400 });
  await filled('lower 99', 90);

  // Who scrolls up finds what came before, and stays there while more is said.
  await log.hover();
  await page.mouse.wheel(0, -900);
  await expect.poll(drawn).toBeGreaterThan(90);
  await page.getByRole('button', { name: 'Jump to live' }).waitFor();
  const before = await log.getByText('lower 60', { exact: true }).boundingBox();
  say(words('last', 50));
  await expect.poll(drawn).toBeGreaterThan(140);
  expect(await log.getByText('lower 60', { exact: true }).boundingBox()).toEqual(before);
  await page.getByRole('button', { name: 'Jump to live' }).click();
  await filled('last 49', 90);
  expect(problems).toEqual([]);
});
