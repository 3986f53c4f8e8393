import { enter, expect, test } from './house';

test('a repository is found and put under Crewhouse', async ({ page, house, problems }) => {
  house.repository({ 'README.md': 'a shop\n' });
  await enter(page, house);
  await page.getByLabel('Where').fill(house.dir);
  await page.getByRole('button', { name: 'Look' }).click();
  await page.getByRole('list', { name: 'Directories' }).getByRole('button', { name: 'shop git' }).click();
  await expect(page.getByText('Work starts from and lands on')).toBeVisible();
  await expect(page.getByRole('radio', { name: /^six/ })).toBeChecked();
  await page.getByText('An engineer, and a tester who judges').click();
  await page.getByLabel('Model').selectOption('Ollama, on this machine');
  await page.getByLabel('Its name').fill('some-model');
  await page.getByRole('button', { name: 'Put shop under Crewhouse' }).click();
  await page.getByRole('region', { name: 'backlog, 0 cards' }).waitFor();
  expect(house.read('.crew/team.toml')).toContain('model = "some-model"');
  expect(house.read('.crew/team.toml')).toContain('gates = [{ verdict = "tester" }]');
  expect(problems).toEqual([]);
});

test('the demo is one click away', async ({ page, house, problems }) => {
  house.repository({ 'README.md': 'a shop\n' });
  await enter(page, house);
  await page.getByRole('button', { name: 'Watch the demo' }).click();
  await expect(page.getByRole('button', { name: /^#1 Round amounts/ })).toBeVisible();
  await expect(page.getByRole('button', { name: /^#2 Show the bill by project/ })).toBeVisible();
  await expect(page.getByText(/[1-9] running/)).toBeVisible();
  expect(problems).toEqual([]);
});
