// Pictures of every screen, in ui/test-results/shots; for whoever designs, in more sizes and where they are
// wanted: CREW_SHOTS=<directory> npx playwright test shots. Those in the README: `make images`.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page } from '@playwright/test';
import { enter, test, visit } from './house';
import { demo } from './scenes';

const wanted = process.env.CREW_SHOTS;
const directory = wanted ?? join(import.meta.dirname, '../test-results/shots');
const images = process.env.CREW_IMAGES;
const SIZES = { telephone: [390, 844], small: [1024, 768], usual: [1440, 900], readme: [1280, 800], flat: [1280, 470] } as const;
const LONG = 'A title of three hundred characters goes on and on, '.repeat(6).slice(0, 300);
const TITLES = [
  'Round amounts to the cent instead of cutting them',
  'Show the bill by project',
  'Refuse a timesheet with a broken line',
  LONG,
  '請求書を案件ごとに表示する、そして合計を最後の行に書く',
  'عرض الفاتورة حسب المشروع مع المجموع في السطر الأخير',
  'Emoji 🦀🚀 and `code` in <b>a title</b>',
];

async function shot(page: Page, name: string, theme: string, size: keyof typeof SIZES, path = join(directory, `${name}-${theme}-${size}.png`)) {
  const [width, height] = SIZES[size];
  await page.setViewportSize({ width, height });
  await page.evaluate((it) => (document.documentElement.dataset.theme = it), theme);
  await page.waitForTimeout(250);
  await page.screenshot({ path });
}

/** A picture in the README. */
async function image(page: Page, name: string, theme: string, size: keyof typeof SIZES = 'readme') {
  await shot(page, name, theme, size, join(images ?? '', `${name}-${theme}.png`));
}

async function everywhere(page: Page, name: string) {
  for (const theme of ['light', 'dark', 'high-contrast']) {
    for (const size of wanted === undefined ? (['usual'] as const) : (['usual', 'small', 'telephone'] as const)) await shot(page, name, theme, size);
  }
}

test('pictures', async ({ page, house, problems }) => {
  test.skip(images !== undefined, 'these are not in the README');
  test.setTimeout(900_000);
  house.repository({ 'README.md': 'a shop\n' });
  await enter(page, house);
  await page.getByRole('list', { name: 'What could stand in the way' }).waitFor();
  await everywhere(page, 'begin');
  await page.getByLabel('Where').fill(house.repo);
  await page.getByRole('button', { name: 'Look' }).click();
  await page.getByLabel('Model').selectOption('anthropic');
  await everywhere(page, 'begin-found');
  demo(house);
  await visit(page, '/');
  await page.getByText('Nothing waits for you.').waitFor();
  await everywhere(page, 'mission-empty');
  for (const title of TITLES) house.crew('task', 'add', title, '--criterion', 'the tests pass', '--priority', title.startsWith('Round') ? 'high' : 'normal');
  await visit(page, '/board');
  await page.waitForTimeout(2_500);
  await everywhere(page, 'board-busy');
  await visit(page, '/');
  await page.waitForTimeout(500);
  await everywhere(page, 'mission-busy');
  await page.getByText('Question', { exact: true }).first().waitFor();
  await page.waitForTimeout(4_000);
  await everywhere(page, 'mission-waits');
  for (const room of ['board', 'inbox', 'review', 'costs', 'team', 'settings']) {
    await visit(page, `/${room}`);
    await page.waitForTimeout(600);
    await everywhere(page, room);
  }
  for (const [name, path] of [['file', '/team?file=team.toml'], ['role', '/team?file=agents%2Fengineer%2FCLAUDE.md'], ['reference', '/reference']] as const) {
    await visit(page, path);
    await page.waitForTimeout(600);
    await everywhere(page, name);
  }
  await visit(page, '/team?file=team.toml');
  const text = page.getByLabel('Text of team.toml');
  await text.fill((await text.inputValue()).replace('agents =', 'agnets ='));
  await page.getByText(/did you mean/).waitFor();
  await everywhere(page, 'mistake');
  await visit(page, '/task/1');
  await page.waitForTimeout(800);
  await everywhere(page, 'task');
  await page.getByRole('tab', { name: /Changes/ }).click();
  await page.waitForTimeout(400);
  await everywhere(page, 'changes');
  await page.getByRole('tab', { name: /^Task/ }).click();
  await everywhere(page, 'about');
  await visit(page, '/board');
  await page.getByRole('button', { name: /^#1 / }).click();
  await page.waitForTimeout(800);
  await everywhere(page, 'drawer');
  await page.keyboard.press('Escape');
  for (const [name, key] of [['palette', 'Control+k'], ['keys', '?'], ['new-task', 'c']] as const) {
    await page.keyboard.press(key);
    await page.waitForTimeout(250);
    await everywhere(page, name);
    await page.keyboard.press('Escape');
  }
  for (const theme of ['nord', 'gruvbox-light', 'catppuccin-mocha']) await shot(page, 'board', theme, 'usual');
  await page.getByRole('button', { name: 'Stage in-progress' }).click();
  await page.getByRole('menuitem', { name: 'Edit stage' }).click();
  await everywhere(page, 'stage');
  await page.keyboard.press('Escape');
  expect(problems).toEqual([]);
  house.kill();
  await page.getByText('The daemon does not answer.').waitFor();
  await everywhere(page, 'offline');
  for (const picture of readdirSync(directory)) expect(statSync(join(directory, picture)).size, picture).toBeGreaterThan(5_000);
});

test.describe('in the README', () => {
  test.use({ deviceScaleFactor: 1.5 });

  test('the demo in the middle of its story', async ({ page, house }) => {
    test.skip(images === undefined, 'CREW_IMAGES says where they go');
    test.setTimeout(180_000);
    house.repository({ 'README.md': 'a shop\n' });
    await enter(page, house);
    await page.getByRole('button', { name: 'Watch the demo' }).click();
    await page.waitForURL('**/board');
    await visit(page, '/');
    await page.getByRole('button', { name: /^Approve/ }).click();
    await page.getByRole('button', { name: 'Approve now' }).click();
    await visit(page, '/board');
    await page.getByRole('region', { name: 'in-progress, 1 card' }).getByText(/^(edit|shell)/).waitFor();
    await image(page, 'board', 'dark', 'flat');
    await visit(page, '/');
    await page.getByText('Question', { exact: true }).waitFor();
    await page.getByText('Approval', { exact: true }).waitFor();
    await page.mouse.move(600, 780);
    await image(page, 'mission', 'light');
    await visit(page, '/task/3');
    await page.getByRole('navigation', { name: 'Runs' }).getByRole('button', { name: /^engineer/ }).first().click();
    await page.getByRole('log').getByText('edit', { exact: true }).first().waitFor();
    await page.getByRole('log').evaluate((view) => (view.scrollTop -= 160));
    await image(page, 'card', 'dark');
    await visit(page, '/review');
    await page.getByRole('region', { name: /^Changes of/ }).getByText(/files? /).first().waitFor();
    await image(page, 'review', 'light');
  });
});
