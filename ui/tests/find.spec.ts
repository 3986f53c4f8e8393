import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { enter, expect, FILES, test, visit } from './house';

const CHECKED = (FILES['.crew/team.toml'] ?? '').replace(
  'back = "todo"\nvisits = 6\n\n[[stages]]\nname = "review"',
  'back = "todo"\nvisits = 6\ngates = [{ check = "sh check.sh", name = "tests" }]\n\n[[stages]]\nname = "review"',
);
/** Fails until the greeting is a German one, and says where. */
const CHECK = 'grep -q Hallo greeting.txt && exit 0\necho "greeting.txt:1: it is not German"\nexit 1\n';

test('words are found where they were said', async ({ page, house, problems }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'nothing here', '--body', 'A **haystack** in the description');
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'review, 1 card' }).waitFor();
  house.crew('task', 'remark', '1', 'a remark with a needle');
  const runs = join(house.home, 'runs');
  const out = join(runs, readdirSync(runs).sort().at(-1) ?? '', 'out.ndjson');
  const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `${JSON.stringify({ type: 'text', text: `word ${from + at}` })}\n`).join('');
  appendFileSync(out, `${lines(0, 4_000)}${JSON.stringify({ type: 'text', text: 'the needle of the agent' })}\n${lines(4_000, 12_000)}`);

  await page.keyboard.press('Control+Shift+F');
  await page.keyboard.type('needle');
  const found = page.getByRole('option');
  await expect(found).toHaveCount(2);
  await expect(found.filter({ hasText: 'a remark with a needle' })).toBeVisible();
  await found.filter({ hasText: 'the needle of the agent' }).click();
  const log = page.getByRole('log');
  await expect(log.getByText('the needle of the agent')).toBeInViewport();
  await expect(log.getByText('word 11999')).toHaveCount(0);
  await page.getByRole('button', { name: 'Jump to the end' }).click();
  await expect(log.getByText('word 11999')).toBeInViewport();
  await page.keyboard.press('Escape');

  await page.keyboard.press('Control+k');
  await page.keyboard.type('haystack');
  await expect(found.filter({ hasText: 'in the description' })).toBeVisible();
  await page.keyboard.press('Escape');
  expect(problems).toEqual([]);
});

test('a check that did not pass leads to the line that it names', async ({ page, house, problems }) => {
  house.begin({ ...FILES, '.crew/team.toml': CHECKED, 'check.sh': CHECK });
  house.crew('task', 'add', 'Change the greeting');
  await enter(page, house, '/board');
  const card = page.getByRole('button', { name: /^#1/ });
  await expect(card).toHaveAccessibleName(/needs an answer/);
  await card.click();
  await page.getByRole('button', { name: 'German' }).click();
  await page.keyboard.press('Escape');
  // The first visit writes it in small letters, which the check refuses; the second one does not.
  await expect(page.getByRole('region', { name: 'review, 1 card' })).toBeVisible({ timeout: 40_000 });
  await expect(card).toHaveAccessibleName(/checks: tests: passed, your approval: waits for you/);

  await visit(page, '/');
  await page.getByRole('tab', { name: 'Trouble' }).click();
  const line = page.getByRole('list', { name: /What happened/ }).getByRole('listitem').filter({ hasText: 'a check did not pass' });
  await expect(line).toContainText('greeting.txt:1: it is not German');
  await line.getByRole('link').click();
  await expect(page.getByRole('region', { name: 'Task', exact: true }).getByText('a check did not pass')).toBeInViewport();
  expect(problems).toEqual([]);
});

test('gates and providers are changed by forms', async ({ page, house, problems }) => {
  house.begin({ ...FILES, '.crew/team.toml': `# Ours.\n${FILES['.crew/team.toml'] ?? ''}` });
  await enter(page, house, '/team');
  await page.getByRole('button', { name: 'Edit in-progress' }).click();
  await page.getByRole('button', { name: 'Add a gate' }).click();
  await page.getByLabel('Command of gate 1').fill('make test');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.getByRole('cell', { name: 'make test' })).toBeVisible();
  expect(house.read('.crew/team.toml')).toContain('gates = [ { check = "make test" }]');

  await page.getByRole('button', { name: 'Add a provider' }).click();
  await page.getByLabel('Name').fill('local');
  await page.getByLabel('Kind').selectOption('native');
  await page.getByLabel('API').selectOption('ollama');
  await page.getByRole('button', { name: 'Add provider' }).click();
  await expect(page.getByRole('alert')).toContainText('needs `api` and `model`');
  await page.getByLabel('Model').fill('qwen');
  await page.getByRole('button', { name: 'Add provider' }).click();
  await expect(page.getByRole('cell', { name: 'ollama: qwen' })).toBeVisible();
  await page.getByRole('button', { name: 'Edit provider local' }).click();
  await page.getByRole('button', { name: 'Take out' }).click();
  await expect(page.getByRole('cell', { name: 'ollama: qwen' })).toHaveCount(0);
  const text = house.read('.crew/team.toml');
  expect(text).toContain('# Ours.');
  expect(text).not.toContain('qwen');
  expect(problems.filter((it) => !it.includes('400'))).toEqual([]);
});
