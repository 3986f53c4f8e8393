import { enter, expect, FILES, test, visit } from './house';

test('a task is created, asks, is answered, sent back, approved, and lands', async ({ page, house, problems }) => {
  house.begin(FILES);
  await enter(page, house, '/board');
  expect(page.url(), 'the token has left the address').not.toContain('token');

  await page.keyboard.press('c');
  await page.getByLabel('Title').fill('Change the greeting');
  await page.getByLabel('Description, Markdown').fill('It has to be **friendlier**.');
  await page.getByLabel('Done when').fill('- it is friendly');
  await page.keyboard.press('Control+Enter');

  const card = page.getByRole('button', { name: '#1 Change the greeting' });
  const column = (name: string) => page.getByRole('region', { name: new RegExp(`^${name},`) });
  await expect(column('in-progress').locator(card)).toBeVisible();
  await expect(card).toHaveAccessibleName(/needs an answer/);

  await card.click();
  const drawer = page.getByRole('dialog', { name: 'Task #1' });
  await expect(drawer.getByRole('log').getByText('First I look at what is there.').first()).toBeVisible();
  await expect(drawer.getByText('Which language?').first()).toBeVisible();
  await drawer.getByText('seq 1 400').first().click();
  await drawer.getByRole('button', { name: /Show \d+ lines/ }).click();
  await drawer.getByRole('button', { name: 'German', exact: false }).click();
  await expect(drawer.getByText('The greeting is German now.').first()).toBeVisible();
  await drawer.getByRole('tab', { name: /Changes/ }).click();
  await expect(drawer.getByRole('row').filter({ hasText: 'hallo' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();

  await page.keyboard.press('g');
  await page.keyboard.press('i');
  await expect(page.getByRole('heading', { name: 'Inbox' })).toBeVisible();
  await expect(page.getByText('Approval', { exact: true })).toBeVisible();
  await page.keyboard.press('j');
  await page.keyboard.press('r');
  await page.getByLabel('What is to be changed').fill('A capital letter, please.');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText('Nothing waits for you.')).toBeVisible();
  await expect(page.getByText('Approval', { exact: true })).toBeVisible();

  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await expect(page.getByRole('row').filter({ hasText: 'Hallo' })).toBeVisible();
  await page.keyboard.press('a');
  await expect(page.getByRole('button', { name: 'Approve now' })).toBeVisible();
  await page.keyboard.press('a');
  await expect(page.getByText('Nothing waits for your approval.')).toBeVisible();

  await visit(page, '/task/1');
  await expect(page.getByText('done', { exact: true }).first()).toBeVisible();
  // Its runs are done before it has landed.
  await expect.poll(() => house.git('show', 'main:greeting.txt')).toBe('Hallo\n');
  expect(problems).toEqual([]);
});

test('without a token nothing is shown but how to get one', async ({ page, house }) => {
  house.begin(FILES);
  await page.goto(new URL(house.address()).origin);
  await expect(page.getByText('This window has no token')).toBeVisible();
  await expect(page.getByRole('navigation')).toHaveCount(0);
});
