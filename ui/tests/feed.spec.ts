import type { Page, Route } from '@playwright/test';
import type { JournalEntry } from '../src/lib/api/types';
import { enter, expect, FILES, test, type House, visit } from './house';

/** An engineer of many words: each of its turns is an entry of the journal that the feed does not show. */
const TALKS = `
[[scene]]
role = "engineer"
task = "talk"
${Array.from({ length: 180 }, (_, n) => `[[scene.turn]]\nsay = "word ${n}"\ntools = [{ name = "shell", command = "echo ${n}" }]\n`).join('')}
[[scene.turn]]
finish = "DONE: all was said"
`;

const list = (page: Page) => page.getByRole('list', { name: 'What happened, newest first' });
const begin = (page: Page) => list(page).getByText('It began here.');
const earlier = (page: Page) => list(page).getByRole('button', { name: /Earlier|Try again/ });

/** Says so much about #1, without the time that a program takes to start. */
async function say(page: Page, times: number) {
  const token = await page.evaluate(() => sessionStorage.getItem('crew.token'));
  const headers = { authorization: `Bearer ${token}` };
  for (let n = 0; n < times; n += 1) {
    const answer = await page.request.post(new URL('/api/tasks/1/remark', page.url()).href, { data: { text: `remark ${n}` }, headers });
    if (!answer.ok()) throw new Error(await answer.text());
  }
}

/** A house in which much was said about #1, which nobody works on. */
async function remarked(page: Page, house: House, remarks: number) {
  house.begin(FILES);
  house.crew('task', 'add', 'nothing');
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'review, 1 card' }).waitFor();
  await say(page, remarks);
}

/** Has what was recorded before an entry be of three days ago. */
async function age(page: Page, before: number) {
  await page.context().route(/\/api\/journal\?/, async (route) => {
    const answer = await route.fetch();
    const journal = (await answer.json()) as { entries: JournalEntry[] };
    for (const entry of journal.entries) if (entry.seq < before) entry.at -= 3 * 86_400_000;
    await route.fulfill({ response: answer, json: journal });
  });
}

test('the feed goes back to the beginning, day by day, and what is read stays where it is', async ({ page, house, problems }) => {
  await remarked(page, house, 700);
  await age(page, 300);
  await visit(page, '/');
  const feed = list(page);
  await expect(feed.getByText('“remark 699”')).toBeVisible();
  await expect(feed.getByRole('heading')).toHaveCount(0);
  await expect(feed.getByText('“remark 100”')).toHaveCount(0);

  // Whoever comes to the end finds more there, and stays where they are.
  const line = feed.getByText('“remark 500”');
  await feed.evaluate((it) => (it.scrollTop = it.scrollHeight));
  await expect(line).toBeAttached();
  await line.evaluate((it) => it.scrollIntoView({ block: 'center' }));
  const place = () => line.evaluate((it) => Math.round(it.getBoundingClientRect().top));
  const before = await place();
  await page.waitForTimeout(300);
  expect(await place()).toBe(before);
  // So they do when something new comes on top.
  house.crew('task', 'pause', '1');
  await expect(feed.getByText('paused')).toBeAttached();
  expect(await place()).toBe(before);

  await expect(async () => {
    await feed.evaluate((it) => (it.scrollTop = it.scrollHeight));
    await expect(begin(page)).toBeInViewport({ timeout: 300 });
  }).toPass();
  await expect(feed.getByText('“remark 0”')).toBeAttached();
  const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }).format(Date.now() - 3 * 86_400_000);
  await expect(feed.getByRole('heading')).toHaveText([day]);
  expect(problems).toEqual([]);
});

test('where the end of the journal shows nothing, what was before it is found by itself', async ({ page, house, problems }) => {
  house.begin({ ...FILES, '.crew/playbook.toml': TALKS + (FILES['.crew/playbook.toml'] ?? '') });
  for (const n of [1, 2, 3]) house.crew('task', 'add', `talk ${n}`);
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'review, 3 cards' }).waitFor({ timeout: 60_000 });
  const seq = Number(/^ *(\d+)/m.exec(house.crew('journal').trim().split('\n').at(-1) ?? '')?.[1]);
  expect(seq).toBeGreaterThan(400);
  await visit(page, '/');
  await expect(begin(page)).toBeVisible();
  await expect(list(page).getByText('new in todo')).toHaveCount(3);

  // Filters hold for what came before, too.
  await page.getByRole('tab', { name: 'Moves' }).click();
  await expect(list(page).getByText('new in todo')).toHaveCount(3);
  await expect(list(page).getByText('at work')).toHaveCount(0);
  await page.getByRole('tab', { name: 'Trouble' }).click();
  await expect(list(page).getByText('Nothing of this kind has happened.')).toBeVisible();
  expect(problems).toEqual([]);
});

test('what cannot be read is said, and tried again when one asks for it', async ({ page, house }) => {
  await remarked(page, house, 420);
  await visit(page, '/');
  await expect(list(page).getByText('“remark 419”')).toBeVisible();
  let refused = 0;
  const refuse = (route: Route) => {
    refused += 1;
    return route.fulfill({ status: 500, json: { error: { code: 'internal', message: 'the disk is gone', hint: 'look for it' } } });
  };
  await page.context().route(/\/api\/journal\?/, refuse);
  await page.getByRole('tab', { name: 'Trouble' }).click();
  await expect(list(page).getByRole('alert')).toContainText('the disk is gone');
  await page.waitForTimeout(500);
  expect(refused).toBe(1);
  await page.context().unroute(/\/api\/journal\?/, refuse);
  await earlier(page).press('Enter');
  await expect(list(page).getByRole('alert')).toHaveCount(0);
  await expect(list(page).getByText('Nothing of this kind has happened.')).toBeVisible();
  await page.getByRole('tab', { name: 'You' }).click();
  await list(page).focus();
  await expect(async () => {
    await page.keyboard.press('End');
    await expect(begin(page)).toBeInViewport({ timeout: 300 });
  }).toPass();
  await expect(list(page).getByText('“remark 0”')).toBeAttached();
});
