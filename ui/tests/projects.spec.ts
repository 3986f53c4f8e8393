import { add, enter, expect, FILES, test } from './house';

test('of several projects one sees which wants a look, also while one looks at another', async ({ page, house, problems }) => {
  house.begin(FILES);
  house.beginAnother('blog', FILES);
  await enter(page, house);
  const projects = page.getByRole('region', { name: 'Projects' });
  await expect(projects.getByRole('button')).toHaveCount(2);
  await expect(projects.getByText('nothing waits')).toHaveCount(2);

  await add(page, { title: 'Change the greeting' });
  await expect(projects.getByRole('button').first()).toHaveText(/^shop 1 thing waits/);
  const waits = page.getByRole('region', { name: 'Waits for you' });
  await expect(waits.getByRole('article').getByText('shop', { exact: true })).toBeVisible();
  await projects.getByRole('button', { name: /^blog/ }).click();
  await expect(projects).toBeHidden();
  await expect(page.getByRole('region', { name: 'Feed' }).getByText('Change the greeting')).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Feed' }).getByText('team in use')).toHaveCount(1);
  await expect(page.getByText('Nothing waits for you.')).toBeVisible();

  const switcher = page.getByRole('button', { name: 'Project: blog, 1 elsewhere' });
  await switcher.click();
  await page.getByRole('menuitemradio', { name: /^shop 1 thing waits/ }).click();
  await expect(page.getByRole('button', { name: 'Project: shop' })).toBeVisible();
  await expect(waits.getByText('Which language?')).toBeVisible();
  await expect(waits.getByRole('article').getByText('shop', { exact: true })).toHaveCount(0);
  expect(problems).toEqual([]);
});
