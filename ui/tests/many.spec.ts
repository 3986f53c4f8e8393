import { add, enter, expect, FILES, test } from './house';

const CARDS = 2_000;

test('two thousand cards stay at hand', async ({ page, house, problems }) => {
  test.setTimeout(150_000);
  // Only the human lets the first one go, and all others wait for it.
  house.begin({ ...FILES, '.crew/team.toml': FILES['.crew/team.toml']?.replace('owner = "pm"', 'owner = "human"\ngates = [{ human = true }]\nback = "todo"') ?? '' });
  await enter(page, house, '/settings');
  const task = (n: number) => add(page, { title: `Task number ${n}`, depends_on: n === 1 ? [] : [1] });
  await task(1);
  for (let n = 2; n <= CARDS; n += 20) await Promise.all(Array.from({ length: Math.min(20, CARDS - n + 1) }, (_, at) => task(n + at)));

  await page.getByRole('link', { name: 'Board' }).click();
  const column = page.getByRole('region', { name: `todo, ${CARDS} cards` });
  await expect(column).toBeVisible({ timeout: 30_000 });
  const frames = await page.evaluate(async () => {
    const list = document.querySelector('section .cards') as HTMLElement;
    const gaps: number[] = [];
    let before = performance.now();
    for (let n = 0; n < 90; n += 1) {
      list.scrollTop += 120;
      await new Promise((next) => requestAnimationFrame(next));
      gaps.push(performance.now() - before);
      before = performance.now();
    }
    return gaps.sort((a, b) => a - b);
  });
  const median = frames[45] ?? 0;
  console.log(`median frame ${median.toFixed(1)} ms, longest ${frames.at(-1)?.toFixed(0)} ms`);
  expect(median, 'median time of a frame, scrolling').toBeLessThan(50);

  const started = Date.now();
  await page.keyboard.press('/');
  await page.keyboard.type('1234');
  await expect(page.getByRole('region', { name: 'todo, 1 cards' })).toBeVisible();
  console.log(`filtered after ${Date.now() - started} ms`);
  expect(problems).toEqual([]);
});
