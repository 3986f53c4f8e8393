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
  await page.getByRole('button', { name: 'Take out', exact: true }).click();
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

test('a role is made, gets a stage that is moved, and a task goes through it', async ({ page, house, problems }) => {
  const team = FILES['.crew/team.toml'] ?? '';
  house.begin({ ...FILES, '.crew/team.toml': `# Ours.\n${team.replace('owner = "engineer"', 'owner = "engineer" # who else')}` });
  await enter(page, house, '/team');
  await page.getByRole('button', { name: 'Add a role' }).click();
  const dialog = page.getByRole('dialog');
  // What is refused stands beside its field, as the command line says it.
  await dialog.getByLabel('Name').fill('engineer');
  await dialog.getByRole('button', { name: 'Add role' }).click();
  await expect(dialog.getByRole('alert')).toContainText('there is a role `engineer` already');
  await expect(dialog.getByRole('alert')).toContainText('hint: ');
  await dialog.getByLabel('Name').fill('tech-writer');
  await dialog.getByLabel('What it does').fill('You keep the documents true.');
  await dialog.getByLabel('Questions end').fill('soon');
  await dialog.getByRole('button', { name: 'Add role' }).click();
  await expect(dialog.getByRole('alert')).toContainText('roles.tech-writer.asks_expire');
  expect(house.read('.crew/team.toml')).not.toContain('tech-writer');
  await dialog.getByLabel('Questions end').fill('2h');
  await dialog.getByRole('button', { name: 'Add role' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Edit role tech-writer' }).waitFor();
  expect(house.read('.crew/agents/tech-writer/CLAUDE.md')).toContain('# Tech writer\n\nYou keep the documents true.');

  // It gets a stage.
  await page.getByRole('button', { name: 'New stage after todo' }).click();
  await dialog.getByLabel('Name').fill('docs');
  await dialog.getByLabel('Who', { exact: true }).selectOption('tech-writer');
  await dialog.getByRole('button', { name: 'Add stage' }).click();
  await page.getByRole('row', { name: /^docs/ }).waitFor();
  await page.getByRole('button', { name: 'Edit role tech-writer' }).click();
  await expect(dialog.getByRole('button', { name: 'Take out', exact: true })).toBeDisabled();
  await expect(dialog.getByText('Needed in docs')).toBeVisible();
  await page.keyboard.press('Escape');

  // The stage is moved by a button, and back and again by keys; the focus stays with it.
  const order = async () => (await page.getByRole('row').getByRole('rowheader').allTextContents()).slice(0, 5).map((it) => it.trim());
  const later = page.getByRole('button', { name: 'Move docs later' });
  await later.click();
  await expect.poll(order).toEqual(['todo', 'in-progress', 'docs', 'review', 'done']);
  await expect(later).toBeFocused();
  await page.keyboard.press('Alt+ArrowUp');
  await expect.poll(order).toEqual(['todo', 'docs', 'in-progress', 'review', 'done']);
  await page.keyboard.press('Alt+ArrowDown');
  await expect.poll(order).toEqual(['todo', 'in-progress', 'docs', 'review', 'done']);
  const text = house.read('.crew/team.toml');
  expect(text).toContain('# Ours.');
  expect(text).toContain('owner = "engineer" # who else');
  expect(text).toContain('[roles.tech-writer]\nprovider = "native"\nasks_expire = "2h"');
  await expect(page.getByRole('button', { name: 'Move review later' })).toBeDisabled();
  expect(house.crew('team', 'check')).toContain('tech-writer');

  // And a task goes through it.
  house.write('.crew/playbook.toml', `${house.read('.crew/playbook.toml')}\n[[scene]]\nrole = "tech-writer"\n[[scene.turn]]\nfinish = "DONE: the documents are true"\n`);
  house.crew('task', 'add', 'Something small');
  await visit(page, '/board');
  await page.getByRole('region', { name: 'review, 1 card' }).waitFor();
  await page.getByText('Something small').first().click();
  await expect(page.getByText('the documents are true').first()).toBeVisible();
  expect(problems.filter((it) => !it.includes('400'))).toEqual([]);
});

test('a stage gets another mode and other ways, and what does not fit is said at its place', async ({ page, house, problems }) => {
  house.begin(FILES);
  await enter(page, house, '/board');
  await page.getByRole('button', { name: 'Stage in-progress' }).click();
  await page.getByRole('menuitem', { name: 'Edit stage' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('How').selectOption('parallel');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('alert')).toContainText('stages.in-progress.roles: two names or more are needed');
  await dialog.getByLabel('How').selectOption('best-of-n');
  await dialog.getByLabel('Tries').fill('3');
  await dialog.getByLabel('Who chooses').selectOption('pm');
  await dialog.getByRole('button', { name: 'Take out Way 1' }).click();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('alert')).toContainText('dead end');
  await dialog.getByRole('button', { name: 'Add a way' }).click();
  await dialog.getByLabel('Way 1', { exact: true }).selectOption('review');
  await dialog.getByLabel('Back to').selectOption('in-progress');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'hidden' });
  const text = house.read('.crew/team.toml');
  expect(text).toContain('name = "in-progress"\nowner = "engineer"\nnext = ["review"]\nback = "in-progress"\nvisits = 6\n');
  expect(text).toContain('mode = "best-of-n"\n');
  expect(text).toContain('judge = "pm"\n');

  // On the board it is moved from the head of its column.
  await page.getByRole('button', { name: 'Stage review' }).click();
  await page.getByRole('menuitem', { name: 'Move left' }).click();
  await expect.poll(async () => page.locator('.board h2').allTextContents()).toEqual(['todo', 'review', 'in-progress', 'done']);
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
