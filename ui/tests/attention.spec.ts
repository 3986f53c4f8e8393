// What nobody asks about, and the keys of what waits.

import { enter, expect, FILES, test } from './house';

test('an agent without a signal is among what is worth a look, and leads to its run', async ({ page, house, problems }) => {
  const scene = '[[scene]]\n[[scene.turn]]\ndelay_ms = 60000\nfinish = "DONE: nothing"\n';
  const team = FILES['.crew/team.toml']?.replace('run_minutes = 5', 'run_minutes = 5\nquiet_minutes = 0.03') ?? '';
  house.begin({ ...FILES, '.crew/team.toml': team, '.crew/playbook.toml': scene });
  house.crew('task', 'add', 'a long thought');
  await enter(page, house, '/inbox');
  const worth = page.getByRole('list', { name: 'Worth a look' });
  await expect(worth.getByText(/^pm has said nothing for \d+ s/)).toBeVisible();
  await worth.getByRole('link', { name: '#1 a long thought' }).click();
  await expect(page.getByRole('dialog', { name: 'Task #1' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  // By keys as well: nothing else waits.
  await page.keyboard.press('j');
  await expect(worth.getByRole('listitem')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Task #1' })).toBeVisible();
  await page.keyboard.press('Escape');
  await worth.getByRole('button', { name: 'Pause #1' }).click();
  await expect(worth).toHaveCount(0);
  expect(problems).toEqual([]);
});

test('an answer is written, a limit tried, and words are found by keys', async ({ page, house, problems }) => {
  const finish = 'finish = "DONE: nothing to change"\n';
  const scene = `[[scene]]\nrole = "pm"\ntask = "limit"\n[[scene.turn]]\nlimit_s = 3600\n${finish}[[scene]]\nrole = "pm"\n[[scene.turn]]\nask = { text = "Which way?" }\n[[scene.turn]]\n${finish}[[scene]]\n[[scene.turn]]\n${finish}`;
  const team = FILES['.crew/team.toml']?.replace('[roles.pm]\n', '[roles.pm]\nagents = 2\n') ?? '';
  house.begin({ ...FILES, '.crew/team.toml': team, '.crew/playbook.toml': scene });
  house.crew('task', 'add', 'a question');
  await enter(page, house, '/inbox');
  await page.getByText('Which way?').waitFor();
  house.crew('task', 'add', 'a limit');
  await page.getByRole('button', { name: /^Try now/ }).waitFor();
  await page.keyboard.press('i');
  await expect(page.getByRole('textbox', { name: 'Your answer' })).toBeFocused();
  await page.keyboard.type('that way / t');
  await page.keyboard.press('Escape');
  await page.keyboard.press('t');
  await expect(page.getByText('The next agent tries whether native serves again')).toBeVisible();
  await page.keyboard.press('/');
  await expect(page.getByRole('combobox', { name: /^Find words/ })).toBeFocused();
  expect(problems).toEqual([]);
});
