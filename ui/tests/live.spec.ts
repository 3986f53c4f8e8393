import { add, enter, expect, FILES, test, visit } from './house';

const said = (n: number) => `line ${n} of the stream`;

test('a daemon that dies in the middle of a stream leaves no gap and no repetition', async ({ page, house, problems }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'a stream');
  await enter(page, house, '/task/1');
  const log = page.getByRole('log');
  await expect(log.getByText(said(4), { exact: true })).toBeVisible();
  // This run, also when the next one begins.
  await page.getByRole('navigation', { name: 'Runs' }).locator('[aria-current=true]').click();
  house.kill();
  await expect(page.getByText('The daemon does not answer.')).toBeVisible();
  house.crew('up');
  await expect(log.getByText(said(25), { exact: true })).toBeVisible({ timeout: 40_000 });
  await expect(page.getByLabel('Status').getByText('live', { exact: true })).toBeVisible();
  // What is far above is drawn when somebody looks there.
  await expect(async () => {
    await log.evaluate((view) => view.scrollTo({ top: 0 }));
    await expect(log.getByText(said(1), { exact: true })).toBeAttached({ timeout: 500 });
  }).toPass();
  const lines = await log.getByText(/^line \d+ of the stream$/).allTextContents();
  expect(lines).toEqual(Array.from({ length: 25 }, (_, at) => said(at + 1)));
  expect(problems.filter((it) => !it.includes('WebSocket'))).toEqual([]);
});

test('who reads is not moved to the next run, but told of it', async ({ page, house, problems }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'a stream');
  await enter(page, house, '/task/1');
  const log = page.getByRole('log');
  await expect(log.getByText(said(12), { exact: true })).toBeVisible();
  const reads = await log.getAttribute('aria-label');
  await log.hover();
  await page.mouse.wheel(0, -250);
  await expect(page.getByRole('button', { name: 'Jump to live' })).toBeVisible();
  // The wheel turns on for a while.
  let top = -1;
  const rests = async () => top === (top = await log.evaluate((view) => view.scrollTop));
  await expect.poll(rests, { intervals: [150] }).toBe(true);
  const next = page.getByRole('button', { name: /^r\d+ has started$/ });
  await expect(next).toBeVisible({ timeout: 40_000 });
  await expect(log).toHaveAccessibleName(reads ?? '');
  expect(await log.evaluate((view) => view.scrollTop)).toBe(top);
  // At the end, too: it began while one was reading.
  await log.evaluate((view) => view.scrollTo({ top: view.scrollHeight }));
  await expect(log.getByText('its last word')).toBeInViewport();
  await expect(next).toBeVisible();
  // At once: the next of the next may begin between a look and a click.
  const run = await next.evaluate((button: HTMLButtonElement) => {
    const name = /r\d+/.exec(button.textContent)?.[0] ?? '';
    button.click();
    return name;
  });
  await expect(log).not.toHaveAccessibleName(reads ?? '');
  await expect(page.getByRole('button', { name: `${run} has started`, exact: true })).toBeHidden();
  expect(problems).toEqual([]);
});

test('what was said has its time beside it, and the rest where one points at it', async ({ page, house, problems }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'nothing');
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'review, 1 card' }).waitFor();
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    await visit(page, '/task/1');
    const log = page.getByRole('log');
    await expect(log.getByText('There is nothing to do.')).toBeVisible();
    const places = () => log.locator('.what').evaluateAll((all) => all.map((it) => Object.values(it.getBoundingClientRect().toJSON() as object)));
    await expect(log.locator('time').first()).toHaveText(/^\d\d:\d\d$/);
    await expect(log.locator('time').first()).toHaveAttribute('title', /\d{4}.*\d\d:\d\d:\d\d/);
    const before = await places();
    const times = await log.locator('time').count();
    await log.locator('.item:not(:has(time))').first().hover();
    await expect(log.locator('time')).toHaveCount(times + 1);
    expect(await places(), 'nothing moves').toEqual(before);
  }
  expect(problems).toEqual([]);
});

test('two windows agree', async ({ browser, house }) => {
  house.begin(FILES);
  const [one, other] = await Promise.all([browser.newPage(), browser.newPage()]);
  await enter(one, house, '/board');
  await enter(other, house, '/board');
  for (const n of [1, 2, 3]) house.crew('task', 'add', `nothing ${n}`);
  await one.getByRole('region', { name: 'review, 3 cards' }).waitFor();
  await other.getByRole('region', { name: 'review, 3 cards' }).waitFor();
  await visit(one, '/inbox');
  await one.getByText('Approval', { exact: true }).first().waitFor();
  await one.keyboard.press('j');
  await one.keyboard.press('a');
  await one.keyboard.press('a');
  await other.getByRole('region', { name: 'done, 1 card' }).waitFor();
  await other.getByRole('region', { name: 'review, 2 cards' }).waitFor();
  const names = (page: typeof one) => page.getByRole('button', { name: /^#\d+ nothing/ }).evaluateAll((all) => all.map((it) => it.querySelector('.title')?.textContent).sort());
  await visit(one, '/board');
  await one.getByRole('region', { name: 'done, 1 card' }).waitFor();
  expect(await names(one)).toEqual(await names(other));
});

test('twenty agents stream at once, and the page stays at hand', async ({ page, house, problems }) => {
  house.begin(FILES);
  await enter(page, house);
  await Promise.all(Array.from({ length: 20 }, (_, n) => add(page, { title: `crowd ${n}` })));
  await expect(page.getByText('20 running')).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('region', { name: 'Agents at work' }).getByRole('listitem')).toHaveCount(20);
  // Keys are answered whatever streams beside them; how soon, the bench measures.
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('board');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Board' }).waitFor();
  expect(problems).toEqual([]);
});
