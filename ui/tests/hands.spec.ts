// What a hand does that no key does: dragging a card; and what is only to be seen: places, themes, sizes.

import { enter, expect, FILES, type House, test, visit } from './house';

/** A team whose first stage only the human lets go; in review there is room for two. */
const CALM = {
  ...FILES,
  '.crew/team.toml': (FILES['.crew/team.toml'] ?? '')
    .replace('owner = "pm"', 'owner = "human"\ngates = [{ human = true }]\nback = "todo"')
    .replace('name = "review"\n', 'name = "review"\nwip = 2\n'),
};

function three(house: House) {
  house.begin(CALM);
  for (const n of [1, 2, 3]) house.crew('task', 'add', `nothing ${n}`);
}

test('a card is dragged to another column, and moved by its menu, until there is no room', async ({ page, house, problems }) => {
  three(house);
  await enter(page, house, '/board');
  const column = (name: string) => page.getByRole('region', { name: new RegExp(`^${name},`) });
  await page.getByRole('region', { name: 'todo, 3 cards' }).waitFor();
  const card = (id: number) => page.getByRole('button', { name: new RegExp(`^#${id} `) });
  await expect(column('review').locator('header')).toContainText('0/2');

  await card(1).hover();
  await page.mouse.down();
  const to = await column('review').boundingBox();
  if (to === null) throw new Error('review is not to be seen');
  await page.mouse.move(to.x + to.width / 2, to.y + 200, { steps: 8 });
  await expect(column('review')).toHaveClass(/over/);
  await page.mouse.up();
  await expect(page.getByRole('status').getByText('#1 moved to review')).toBeVisible();
  await expect(column('review').locator(card(1))).toBeVisible();
  await expect(column('review').locator('header')).toContainText('1/2');
  await expect(column('review')).not.toHaveClass(/over/);

  // Where it is already, nothing is dropped.
  await card(1).dragTo(column('review').locator('header'));
  await expect(column('review').locator(card(1))).toBeVisible();

  await card(2).focus();
  await page.keyboard.press('m');
  await page.getByRole('menuitem', { name: 'Move to review' }).click();
  await expect(page.getByRole('status').getByText('#2 moved to review')).toBeVisible();
  await expect(column('review').locator(card(2))).toBeVisible();
  await expect(column('review').locator('header')).toContainText('2/2, full');
  await expect(column('review').getByTitle('2 of 2 places taken: nothing comes in')).toBeVisible();
  expect(house.crew('task', 'list')).toMatch(/#1 +review/);
  expect(problems).toEqual([]);
});

test('theme, size of text, density and fonts are seen at once, and kept', async ({ page, house, problems }) => {
  house.begin(FILES);
  await enter(page, house, '/settings');
  const looks = () =>
    page.evaluate(() => {
      const { theme, density, mono, text } = document.documentElement.dataset;
      const style = getComputedStyle(document.body);
      const row = getComputedStyle(document.documentElement).getPropertyValue('--row');
      return { theme, density, mono, text, background: style.backgroundColor, size: style.fontSize, family: style.fontFamily.split(',')[0], row };
    });
  const before = await looks();
  expect([before.size, before.row]).toEqual(['13px', '32px']);
  for (const choice of ['Dracula', 'Large', 'Compact', 'Those of the system']) await page.getByRole('radio', { name: choice, exact: true }).check();
  const after = await looks();
  expect(after).toMatchObject({ theme: 'dracula', density: 'compact', mono: 'system', text: 'large', size: '15px', row: '26px', family: 'system-ui' });
  expect(after.background).not.toBe(before.background);
  // Before anything of the page is drawn, too.
  await page.reload();
  expect(await looks()).toEqual(after);
  await expect(page.getByRole('radio', { name: 'Large', exact: true })).toBeChecked();
  await visit(page, '/board');
  expect(await looks()).toEqual(after);
  // Another window takes it over without being loaded again.
  const other = await page.context().newPage();
  await other.goto(new URL('/settings', page.url()).href);
  await visit(page, '/settings');
  await page.getByRole('radio', { name: 'Small', exact: true }).check();
  await expect.poll(() => other.evaluate(() => getComputedStyle(document.body).fontSize)).toBe('12px');
  expect(problems).toEqual([]);
});

test('an agent at work is interrupted, and goes on with what is said to it', async ({ page, house, problems }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'a stream');
  await enter(page, house, '/task/1');
  const log = page.getByRole('log');
  await expect(log.getByText('line 3 of the stream', { exact: true })).toBeVisible();
  const say = page.getByRole('region', { name: 'Say something' });
  await say.getByRole('textbox').fill('Mind the gap.');
  await say.getByRole('button', { name: 'Send' }).click();
  await expect(say.getByRole('textbox')).toHaveValue('');
  await page.getByRole('tab', { name: /^Task/ }).click();
  await expect(page.getByRole('region', { name: 'What was said' }).getByText('Mind the gap.')).toBeVisible();
  await page.getByRole('tab', { name: /^Transcript/ }).click();

  await page.getByRole('button', { name: 'Interrupt' }).click();
  await expect(page.getByRole('status').getByText('#1 interrupted: say what to do instead')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Interrupt' })).toHaveCount(0);
  await expect(page.getByRole('article', { name: 'Task #1' }).getByText('paused', { exact: true }).first()).toBeVisible();
  await say.getByRole('textbox').fill('Go on, but slower.');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('button', { name: 'Interrupt' })).toBeVisible();
  await expect.poll(() => house.crew('task', 'show', '1')).toContain('Go on, but slower.');
  expect(problems).toEqual([]);
});

test('a number that cannot be is not taken, and why is said beside it', async ({ page, house, problems }) => {
  house.begin(FILES);
  await enter(page, house, '/team');
  const agents = page.getByLabel('engineer at once');
  await agents.fill('0');
  await agents.press('Enter');
  await expect(page.getByRole('alert')).toHaveText('At least 1 is needed. It stays 24.');
  await expect(agents).toHaveAccessibleDescription(/At least 1/);
  await expect(agents).toHaveValue('0');
  await agents.fill('many');
  await agents.press('Tab');
  await expect(page.getByRole('alert')).toHaveText('This is no number. It stays 24.');
  await agents.focus();
  await page.keyboard.press('Escape');
  await expect(agents).toHaveValue('24');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await agents.fill('3');
  await agents.press('Enter');
  await expect.poll(() => house.read('.crew/team.toml')).toContain('agents = 3');
  expect(problems).toEqual([]);
});
