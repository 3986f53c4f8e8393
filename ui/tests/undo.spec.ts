// What is decided can be taken back for a moment, and is never lost.

import type { Page } from '@playwright/test';
import { enter, expect, FILES, test } from './house';

/** What the page tells the daemon about approvals. */
function told(page: Page): string[] {
  const all: string[] = [];
  page.on('request', (it) => {
    const { pathname } = new URL(it.url());
    if (/\/(approve|reject)$/.test(pathname)) all.push(pathname);
  });
  return all;
}

const waiting = (page: Page) => page.getByRole('list', { name: 'What waits for you' }).getByRole('listitem');

async function approve(page: Page) {
  await page.keyboard.press('j');
  await page.keyboard.press('a');
  await page.getByRole('button', { name: 'Approve now' }).waitFor();
  await page.keyboard.press('a');
}

test('an approval that is taken back was never sent', async ({ page, house, problems }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'nothing');
  await enter(page, house, '/inbox');
  await page.getByText('Approval', { exact: true }).waitFor();
  const sent = told(page);
  await approve(page);
  await expect(waiting(page)).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Inbox', exact: true })).toBeVisible();
  await page.keyboard.press('u');
  await expect(waiting(page)).toHaveCount(1);
  await expect(page.getByText('Undone: #1 waits for you again')).toBeVisible();

  await approve(page);
  await page.getByRole('button', { name: /^Undo/ }).click();
  await expect(waiting(page)).toHaveCount(1);
  await page.waitForTimeout(6_000);
  expect(sent).toEqual([]);
  expect(house.crew('task', 'list')).toMatch(/^#1 +review +needs your approval/);

  // What was to be changed is there to be gone on with.
  await page.keyboard.press('r');
  await page.getByLabel('What is to be changed').fill('A capital letter, please.');
  await page.keyboard.press('Control+Enter');
  await expect(waiting(page)).toHaveCount(0);
  await page.keyboard.press('Control+z');
  await expect(page.getByLabel('What is to be changed')).toHaveValue('A capital letter, please.');
  await page.keyboard.press('Escape');

  // Nobody does anything: it is sent by itself.
  await approve(page);
  await expect(page.getByRole('button', { name: /^Undo/ })).toBeVisible();
  await page.mouse.move(300, 300);
  await expect.poll(() => house.crew('task', 'list'), { timeout: 15_000 }).not.toContain('#1');
  expect(sent).toEqual(['/api/tasks/1/approve']);
  await expect(page.getByRole('button', { name: /^Undo/ })).toHaveCount(0);
  await expect(waiting(page)).toHaveCount(0);
  expect(problems).toEqual([]);
});

test('a page that is closed has sent what was decided', async ({ page, house }) => {
  house.begin(FILES);
  for (const n of [1, 2]) house.crew('task', 'add', `nothing ${n}`);
  await enter(page, house, '/inbox');
  await expect(waiting(page)).toHaveCount(2);
  await approve(page);
  await expect(waiting(page)).toHaveCount(1);
  await page.reload();
  await expect.poll(() => house.crew('task', 'list')).not.toContain('#1');

  await expect(waiting(page)).toHaveCount(1);
  await approve(page);
  await expect(waiting(page)).toHaveCount(0);
  await page.close({ runBeforeUnload: true });
  await expect.poll(() => house.crew('task', 'list')).not.toContain('#2');
});

test('what could not be sent waits again, and what another window decided is let be', async ({ page, house }) => {
  house.begin(FILES);
  for (const n of [1, 2]) house.crew('task', 'add', `nothing ${n}`);
  await enter(page, house, '/inbox');
  await expect(waiting(page)).toHaveCount(2);
  const sent = told(page);
  await approve(page);
  await expect(waiting(page)).toHaveCount(1);
  house.crew('approve', '1');
  await expect(page.getByText(/^#1 was not approved here: it was decided elsewhere/)).toBeVisible({ timeout: 10_000 });
  expect(sent).toEqual([]);

  await page.route('**/api/tasks/2/approve', (route) => route.abort());
  await approve(page);
  await expect(waiting(page)).toHaveCount(0);
  // Whatever else is told about the task comes after it.
  await page.keyboard.press('g');
  await page.keyboard.press('b');
  await page.getByRole('button', { name: /^#2 nothing/ }).press('p');
  await expect(page.getByText(/^#2 was not approved: The daemon cannot be reached/)).toBeVisible();
  await expect(page.getByText('#2 paused')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Inbox, 1 waiting' })).toBeVisible();
  expect(sent).toEqual(['/api/tasks/2/approve']);
});
