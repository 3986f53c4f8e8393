import type { Page } from '@playwright/test';
import { enter, expect, FILES, test, type House, visit } from './house';

/** An engineer who makes something, and asks before it is done. */
const MAKES = `
[[scene]]
role = "engineer"
task = "half"
[[scene.turn]]
tools = [{ name = "edit", path = "greeting.txt", old = "hello", new = "good day" }, { name = "write", path = "notes.md", content = "one\\ntwo\\n" }]
[[scene.turn]]
ask = { text = "Shall I go on?", options = ["yes", "no"] }
[[scene.turn]]
finish = "DONE: half of it"
`;

/** A house with #1, which was begun and is asked about, and what is then said. */
async function begun(page: Page, house: House) {
  house.begin({ ...FILES, '.crew/playbook.toml': MAKES + (FILES['.crew/playbook.toml'] ?? '') });
  house.crew('task', 'add', 'half a greeting');
  await enter(page, house, '/board');
  const card = page.getByRole('button', { name: /^#1 half/ });
  await expect(card).toHaveAccessibleName(/needs an answer/);
  return card;
}

const saved = (page: Page) => page.getByRole('list', { name: 'What was saved, newest first' }).getByRole('listitem');
const branches = (house: House) => house.git('branch', '--format=%(refname:short)').trim().split('\n');

test('what was made of a task that is given up is seen in the trash, and brought back', async ({ page, house, problems }) => {
  const card = await begun(page, house);
  await card.press('Enter');
  const drawer = page.getByRole('dialog', { name: 'Task #1' });
  await drawer.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Give up' }).click();
  await page.getByRole('dialog', { name: 'Give up #1' }).getByRole('button', { name: 'Give up' }).click();
  await drawer.getByRole('link', { name: 'trash', exact: true }).click();
  await expect(drawer).toBeHidden();

  await expect(saved(page)).toHaveCount(1);
  await expect(saved(page).first()).toContainText('#1 half a greeting');
  await expect(saved(page).first()).toContainText('2 files');
  const look = page.getByRole('region', { name: 'What was in it' });
  await expect(look.getByText('good day')).toBeVisible();
  await expect(look.getByText('notes.md')).toBeVisible();

  // A name that is taken is refused where it was typed.
  await page.getByRole('button', { name: 'Restore…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Restore #1' });
  const branch = dialog.getByLabel('Branch');
  await expect(branch).toBeFocused();
  await expect(branch).toHaveValue('restored/1');
  await branch.fill('main');
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('alert')).toContainText('main');
  expect(branches(house)).not.toContain('restored/1');
  await branch.fill('good-day');
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('main').getByRole('status')).toContainText('git switch good-day');
  await expect(page.getByRole('button', { name: 'Restore…' })).toBeFocused();
  expect(branches(house)).toContain('good-day');
  expect(house.git('show', 'good-day:notes.md')).toBe('one\ntwo\n');
  expect(problems.filter((it) => !it.includes('409'))).toEqual([]);
});

test('the trash is found by its name, says when nothing is in it, and what was committed is shown too', async ({ page, house, problems }) => {
  await begun(page, house);
  house.crew('task', 'add', 'Change the greeting');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('trash');
  await page.keyboard.press('Enter');
  await expect(page.getByText('The trash is empty.')).toBeVisible();

  // It fills while one looks.
  house.crew('task', 'cancel', '1');
  await expect(saved(page)).toHaveCount(1);
  await visit(page, '/task/2');
  await page.getByRole('button', { name: 'German' }).click();
  await expect(page.getByRole('button', { name: /^Approve/ })).toBeVisible();
  house.crew('task', 'cancel', '2');
  await visit(page, '/trash');
  await expect(saved(page)).toHaveCount(2);
  await expect(saved(page).first()).toContainText('all committed');
  const look = page.getByRole('region', { name: 'What was in it' });
  await expect(look.getByText('All of it was committed. This is what #2 changed:')).toBeVisible();
  await expect(look.getByText('hallo')).toBeVisible();
  await page.keyboard.press('j');
  await expect(look.getByText('good day')).toBeVisible();
  await page.keyboard.press('k');
  await expect(look.getByText('hallo')).toBeVisible();
  expect(problems).toEqual([]);
});

test('why the trash cannot be read is said, and it can be tried again', async ({ page, house }) => {
  await begun(page, house);
  house.crew('task', 'cancel', '1');
  const refuse = (route: { fulfill: (with_: object) => Promise<void> }) => route.fulfill({ status: 500, json: { error: { code: 'internal', message: 'git cannot be run', hint: 'is it installed?' } } });
  await page.context().route(/\/trash$/, refuse);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('trash');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('git cannot be run');
  await page.context().unroute(/\/trash$/, refuse);
  await page.context().route(/\/trash\/diff/, refuse);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(saved(page)).toHaveCount(1);
  const look = page.getByRole('region', { name: 'What was in it' });
  await expect(look.getByRole('alert')).toContainText('hint: is it installed?');
  await page.context().unroute(/\/trash\/diff/, refuse);
  await look.getByRole('button', { name: 'Try again' }).click();
  await expect(look.getByText('good day')).toBeVisible();
});
