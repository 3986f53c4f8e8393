import { expect, test } from './house';
import { CARDS, fullBoard, scrolled } from './scenes';

test('two thousand cards stay at hand', async ({ page, house, problems }) => {
  test.setTimeout(150_000);
  await fullBoard(page, house);
  await page.getByRole('link', { name: 'Board' }).click();
  await expect(page.getByRole('region', { name: `todo, ${CARDS.toLocaleString('en-US')} cards` })).toBeVisible({ timeout: 30_000 });
  const frames = await scrolled(page.locator('section .cards').first(), 120);
  const median = frames[45] ?? 0;
  console.log(`median frame ${median.toFixed(1)} ms, longest ${frames.at(-1)?.toFixed(0)} ms`);
  expect(median, 'median time of a frame, scrolling').toBeLessThan(50);

  const started = Date.now();
  await page.keyboard.press('/');
  await page.keyboard.type('1234');
  await expect(page.getByRole('region', { name: 'todo, 1 card' })).toBeVisible();
  console.log(`filtered after ${Date.now() - started} ms`);
  expect(problems).toEqual([]);
});
