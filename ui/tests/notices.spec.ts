// What was said can be read later.

import { enter, expect, FILES, test } from './house';

test('an error that is gone from sight is read in the notices, by keys alone', async ({ page, house }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'nothing');
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'review, 1 card' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('n');
  const panel = page.getByRole('dialog', { name: 'Notices' });
  await expect(panel.getByText('Nothing was said yet.')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(panel).toBeHidden();

  await page.route('**/api/tasks/1/pause', (route) => route.abort());
  const card = page.getByRole('button', { name: /^#1 nothing/ });
  await card.press('p');
  const said = page.getByText('The daemon cannot be reached.');
  await expect(said).toBeVisible();
  const bell = page.getByLabel('Status').getByRole('button', { name: 'Notices, 1 unread' });
  await expect(bell).toBeVisible();
  await expect(said).toBeHidden({ timeout: 15_000 });

  await bell.press('Enter');
  const entry = panel.getByRole('listitem').filter({ hasText: 'The daemon cannot be reached.' });
  await expect(entry).toContainText('Start it with');
  await expect(entry.locator('time')).toHaveText(/^\d\d:\d\d:\d\d$/);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Notices', exact: true })).toBeFocused();

  // From the palette, too.
  await page.keyboard.press('Control+k');
  await page.keyboard.type('notices');
  await page.keyboard.press('Enter');
  await expect(entry).toBeVisible();
  await panel.getByRole('button', { name: 'Clear' }).click();
  await expect(panel.getByText('Nothing was said yet.')).toBeVisible();
});
