import { enter, expect, FILES, test, visit } from './house';

test('a stage is added on the board, and team.toml keeps its comments', async ({ page, house, problems }) => {
  house.begin({ ...FILES, '.crew/team.toml': `# Ours.\n${FILES['.crew/team.toml'] ?? ''}` });
  await enter(page, house, '/board');
  await page.getByRole('button', { name: 'Stage in-progress' }).click();
  await page.getByRole('menuitem', { name: 'New stage after it' }).click();
  await page.getByLabel('Name').fill('polish');
  await page.getByLabel('Tasks at once').fill('2');
  await page.getByRole('button', { name: 'Add stage' }).click();
  await page.getByRole('region', { name: 'polish, 0 cards' }).waitFor();
  expect(house.read('.crew/team.toml')).toContain('# Ours.');
  await page.getByRole('button', { name: 'Stage polish' }).click();
  await page.getByRole('menuitem', { name: 'Edit stage' }).click();
  await page.getByRole('button', { name: 'Take out' }).click();
  await page.getByRole('region', { name: 'polish, 0 cards' }).waitFor({ state: 'detached' });

  await visit(page, '/team');
  const budget = page.getByLabel('One run, in US dollars');
  await budget.fill('0.75');
  await budget.press('Enter');
  await expect(page.getByText('run_usd saved')).toBeVisible();
  expect(house.read('.crew/team.toml')).toContain('run_usd = 0.75');
  await budget.fill('900');
  await budget.press('Enter');
  await expect(page.getByText(/budget/).first()).toBeVisible();
  await expect(budget).toHaveValue('0.75');
  expect(problems.filter((it) => !it.includes('400'))).toEqual([]);
});

test('what changes outside does not write over what is being typed', async ({ page, house, problems }) => {
  house.begin(FILES);
  await enter(page, house, '/team');
  const budget = page.getByLabel('One run, in US dollars');
  await budget.fill('0.9');
  house.write('.crew/team.toml', house.read('.crew/team.toml').replace('run_usd = 0.50', 'run_usd = 0.60').replace('run_minutes = 5', 'run_minutes = 6'));
  await expect(page.getByLabel('Longest run')).toHaveValue('6');
  await expect(budget).toHaveValue('0.9');
  await budget.press('Escape');
  await expect(budget).toHaveValue('0.60');
  await budget.fill('0.9');
  await budget.press('Enter');
  await expect(page.getByText('run_usd saved')).toBeVisible();
  await expect(budget).toHaveValue('0.90');
  expect(house.read('.crew/team.toml')).toContain('run_usd = 0.9');
  expect(problems).toEqual([]);
});

test('mistakes are shown while one types, and are not saved', async ({ page, house }) => {
  house.begin(FILES);
  await enter(page, house, '/team?file=team.toml');
  const text = page.getByLabel('Text of team.toml');
  const before = await text.inputValue();
  await text.fill(before.replace('agents = 24', 'agnets = 24'));
  await expect(page.getByText('hint: did you mean `agents`?')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save' })).toBeDisabled();
  // A mistake leads to its line, and the line says that there is one.
  await text.fill(`${before}\n${'# more\n'.repeat(200)}`.replace('owner = "engineer"', 'owner = "boss"'));
  const wanted = before.split('\n').findIndex((line) => line === 'owner = "engineer"') + 1;
  await text.evaluate((area) => area.scrollTo({ top: area.scrollHeight }));
  await page.getByRole('button', { name: `line ${wanted}` }).click();
  await expect(text).toBeFocused();
  const caret = await text.evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart).split('\n')[0]);
  expect(caret).toBe('owner = "boss"');
  await expect(page.locator('.mark')).toHaveText(String(wanted));
  await expect(page.locator('.mark')).toBeInViewport();
  await text.fill(before.replace('run_minutes = 5', 'run_minutes = 6'));
  await expect(page.locator('.mark')).toHaveCount(0);
  await expect(page.getByText(/Every stage is reachable/)).toBeVisible();
  await text.press('Control+s');
  await expect(page.getByText('team.toml saved')).toBeVisible();
  expect(house.read('.crew/team.toml')).toContain('run_minutes = 6');

  await page.getByRole('navigation', { name: 'Files of the team' }).getByRole('link', { name: 'engineer' }).click();
  await page.getByLabel('Text of agents/engineer/CLAUDE.md').fill('You write **little** code.');
  await page.getByRole('tab', { name: 'Preview' }).click();
  await expect(page.getByRole('region', { name: 'Preview' }).getByText('little')).toBeVisible();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('CLAUDE.md saved')).toBeVisible();
  expect(house.read('.crew/agents/engineer/CLAUDE.md')).toBe('You write **little** code.');
});

test('agents without a sandbox are said in the status bar and on the card', async ({ page, house }) => {
  house.begin({ ...FILES, '.crew/team.toml': `${FILES['.crew/team.toml'] ?? ''}\n[sandbox]\nmode = "off"\n` });
  house.crew('task', 'add', 'Write it');
  await enter(page, house, '/board');
  await expect(page.getByLabel('Status').getByText('no full sandbox')).toBeVisible();
  await page.getByText('Write it').first().click();
  await expect(page.getByText('team.toml turns the sandbox off')).toBeVisible();
});
