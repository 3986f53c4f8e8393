import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { Locator, Page } from '@playwright/test';
import { THEMES as ALL } from '../src/lib/theme/themes';
import { enter, expect, FILES, type House, test, visit } from './house';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const THEMES = ['light', 'dark', 'high-contrast'];
/** The others are different in their colours only. */
const FURTHER = ALL.map((theme) => theme.id).filter((id) => !THEMES.includes(id));
const SIZES = [[1280, 800], [390, 844]] as const;
const ROOMS = ['/', '/board', '/inbox', '/review', '/costs', '/team', '/settings', '/task/1', '/team?file=team.toml', '/reference', '/trash'];

interface Found {
  violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
}

/** What is wrong by these rules; without any, by all that axe knows. */
async function breaches(page: Page, rules?: string[]): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  // What fades in is faint for a moment.
  await page.evaluate(async () => void (await Promise.allSettled(document.getAnimations().filter((it) => it.effect?.getComputedTiming().iterations === 1).map((it) => it.finished))));
  const found = await page.evaluate((only) => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<unknown> } };
    return axe.run(only === undefined ? {} : { runOnly: only, resultTypes: ['violations'] });
  }, rules);
  return (found as Found).violations.flatMap((it) => it.nodes.map((node) => `${it.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
}

/** Nothing is wrong with what is shown now, in any theme, on a screen and on a telephone. */
async function good(page: Page, what: string) {
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const theme of THEMES) {
      await page.evaluate((it) => (document.documentElement.dataset.theme = it), theme);
      expect.soft(await breaches(page), `${what} in ${theme}, ${width} wide`).toEqual([]);
    }
    expect.soft(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${what} is wider than ${width}`).toBeLessThanOrEqual(0);
  }
  await page.setViewportSize({ width: SIZES[0][0], height: SIZES[0][1] });
}

/** What is shown now can be read in all further themes. */
async function legible(page: Page, what: string) {
  for (const theme of FURTHER) {
    await page.evaluate((it) => (document.documentElement.dataset.theme = it), theme);
    expect.soft(await breaches(page, ['color-contrast']), `${what} in ${theme}`).toEqual([]);
  }
}

/** A house in which something is asked and something waits for approval. */
async function furnished(page: Page, house: House, room = '/') {
  house.begin(FILES);
  house.crew('task', 'add', 'Change the greeting', '--body', 'With `code` and\n\n- a list');
  house.crew('task', 'add', 'nothing 2', '--after', '1');
  house.crew('task', 'add', 'nothing 3');
  await enter(page, house, '/inbox');
  await expect(page.getByText('Approval', { exact: true })).toBeVisible();
  await expect(page.getByText('Question', { exact: true })).toBeVisible();
  await visit(page, room);
}

test('every screen can be used by everybody', async ({ page, house, problems }) => {
  test.setTimeout(300_000);
  await furnished(page, house);
  for (const room of ROOMS) {
    await visit(page, room);
    await page.getByLabel('Status').getByText('live', { exact: true }).waitFor();
    await page.getByRole('main').waitFor();
    if (room.startsWith('/task')) await page.getByText('Which language?').first().waitFor();
    await good(page, room);
  }
  await visit(page, '/task/1');
  for (const tab of [/^Changes/, /^Task/, /^Raw log/]) {
    await page.getByRole('tab', { name: tab }).click();
    await good(page, `the tab ${tab.source} of a task`);
  }
  await visit(page, '/inbox');
  await page.getByRole('button', { name: /^Request changes/ }).click();
  await page.getByLabel('What is to be changed').waitFor();
  await good(page, 'changes requested');
  expect(problems).toEqual([]);
  house.kill();
  await page.getByText('The daemon does not answer.').waitFor();
  await good(page, 'without a daemon');
});

test('the main screens can be read in every theme', async ({ page, house, problems }) => {
  test.setTimeout(300_000);
  await furnished(page, house);
  for (const room of ['/', '/board', '/inbox', '/team', '/settings']) {
    await visit(page, room);
    await page.getByLabel('Status').getByText('live', { exact: true }).waitFor();
    await page.getByRole('main').waitFor();
    await legible(page, room);
  }
  await visit(page, '/task/1');
  await page.getByRole('button', { name: /German/ }).click();
  await page.getByText('The greeting is German now.').first().waitFor();
  await page.getByRole('navigation', { name: 'Runs' }).getByRole('button', { name: /engineer/ }).click();
  await page.getByText('seq 1 400').first().click();
  await legible(page, 'a transcript');
  await page.getByRole('tab', { name: /^Changes/ }).click();
  await page.getByRole('row').filter({ hasText: 'hallo' }).waitFor();
  await legible(page, 'a diff');
  expect(problems).toEqual([]);
});

test('large text has room on every screen', async ({ page, house, problems }) => {
  test.setTimeout(300_000);
  await furnished(page, house);
  await visit(page, '/settings');
  await page.getByRole('radio', { name: 'Large', exact: true }).check();
  for (const room of ROOMS) {
    await visit(page, room);
    await page.getByLabel('Status').getByText('live', { exact: true }).waitFor();
    await page.getByRole('main').waitFor();
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      expect.soft(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${room} is wider than ${width}`).toBeLessThanOrEqual(0);
    }
    expect.soft(await breaches(page), room).toEqual([]);
  }
  expect(problems).toEqual([]);
});

test('every dialog can be used by everybody', async ({ page, house, problems }) => {
  test.setTimeout(300_000);
  await furnished(page, house, '/board');
  const card = page.getByRole('button', { name: /^#1 Change/ });
  await card.click();
  await page.getByText('Which language?').first().waitFor();
  await good(page, 'the drawer');
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menu').waitFor();
  await good(page, 'the menu of a card');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  for (const key of ['Control+k', 'Control+Shift+f', '?', 'c', 'e']) {
    await card.focus();
    await page.keyboard.press(key);
    await page.getByRole('dialog').waitFor();
    await good(page, `what ${key} opens`);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  }
  // With something in it.
  await card.focus();
  await page.keyboard.press('p');
  await page.getByText('#1 paused').waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('n');
  await page.getByRole('dialog', { name: 'Notices' }).waitFor();
  await good(page, 'the notices');
  await page.keyboard.press('Escape');
  await card.press('p');
  for (const choice of ['Change model', 'Pin an anchor', 'Give up']) {
    await card.focus();
    await page.keyboard.press('.');
    await page.getByRole('menuitem', { name: choice }).click();
    await page.getByRole('dialog').waitFor();
    await good(page, choice);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await expect(card, `after ${choice}`).toBeFocused();
  }
  for (const choice of ['Edit stage', 'New stage after it']) {
    await page.getByRole('button', { name: 'Stage in-progress' }).click();
    await page.getByRole('menuitem', { name: choice }).click();
    await page.getByRole('dialog').waitFor();
    for (let gate = 0; gate < 2 && choice === 'Edit stage'; gate += 1) await page.getByRole('button', { name: 'Add a gate' }).click();
    await good(page, choice);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  }
  await page.getByRole('button', { name: /^Project/ }).click();
  await page.getByRole('menuitem', { name: 'Add a project' }).click();
  await page.getByRole('list', { name: 'What could stand in the way' }).waitFor();
  await good(page, 'a new project');
  await visit(page, '/team');
  for (const name of ['Edit provider native', 'Add a provider', 'Edit role engineer', 'Add a role']) {
    await page.getByRole('button', { name }).click();
    await page.getByRole('dialog').waitFor();
    await good(page, name);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  }
  // What the window asks before it is closed; it asks by this event.
  await page.getByRole('link', { name: 'team.toml' }).click();
  await page.getByRole('textbox', { name: 'Text of team.toml' }).press('Space');
  const answer = await page.evaluate(() => {
    const event = new CustomEvent('crewhouse:leave', { detail: { answer: 'go' } });
    window.dispatchEvent(event);
    return event.detail.answer;
  });
  expect(answer).toBe('stay');
  await expect(page.getByRole('button', { name: 'Stay' })).toBeFocused();
  await good(page, 'what is not saved');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  expect(problems).toEqual([]);
});

test('whoever begins can use it', async ({ page, house, problems }) => {
  house.repository({ 'README.md': 'a shop\n' });
  await enter(page, house);
  await page.getByRole('list', { name: 'What could stand in the way' }).waitFor();
  await good(page, 'nothing found');
  await page.getByLabel('Where').fill(house.repo);
  await page.getByRole('button', { name: 'Look' }).click();
  await page.getByLabel('Model').selectOption('anthropic');
  await good(page, 'a repository found');
  await page.getByRole('button', { name: 'Put shop under Crewhouse' }).click();
  await page.getByRole('region', { name: 'in-progress, 0 cards' }).waitFor();
  await good(page, 'an empty board');
  expect(problems).toEqual([]);
  const other = await page.context().newPage();
  await other.goto(new URL('/', page.url()).href);
  await other.getByRole('heading').first().waitFor();
  await good(other, 'without a token');
});

test('what opens takes the focus, and gives it back', async ({ page, house }) => {
  await furnished(page, house, '/board');
  const dialog = page.getByRole('dialog');
  const back = async (to: Locator, what: string) => {
    await dialog.waitFor();
    expect(await dialog.evaluate((it) => it.contains(document.activeElement)), `${what} has the focus`).toBe(true);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await expect(to, `after ${what}`).toBeFocused();
  };
  const card = page.getByRole('button', { name: /^#3/ });
  for (const key of ['Enter', 'Control+k', '?', 'c', 'e']) {
    await card.focus();
    await page.keyboard.press(key);
    await back(card, key);
  }
  const stage = page.getByRole('button', { name: 'Stage in-progress' });
  await stage.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Edit stage' }).press('Enter');
  await back(stage, 'a stage');
  await visit(page, '/team');
  const provider = page.getByRole('button', { name: 'Edit provider native' });
  await provider.press('Enter');
  await back(provider, 'a provider');
});

test('nothing moves for whoever wants no motion', async ({ page, house }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  house.begin(FILES);
  await enter(page, house, '/board');
  house.crew('task', 'add', 'a stream');
  const card = page.getByRole('button', { name: /^#1 a stream/ });
  await page.getByRole('region', { name: 'in-progress, 1 card' }).waitFor();
  await card.press('Enter');
  await page.getByRole('log').getByText('line 2 of the stream').waitFor();
  const moving = await page.evaluate(() => document.getAnimations().filter((it) => it.playState === 'running').length);
  expect(moving).toBe(0);
});

test('the board is steered by keys alone', async ({ page, house }) => {
  house.begin(FILES);
  for (const n of [1, 2]) house.crew('task', 'add', `nothing ${n}`);
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'review, 2 cards' }).waitFor();
  await page.keyboard.press('j');
  await expect(page.getByRole('button', { name: /^#1/ })).toBeFocused();
  await page.keyboard.press('j');
  await expect(page.getByRole('button', { name: /^#2/ })).toBeFocused();
  await page.keyboard.press('p');
  await expect(page.getByRole('button', { name: /^#2.*paused/ })).toBeVisible();
  await page.keyboard.press('p');
  await expect(page.getByRole('button', { name: /^#2.*approval/ })).toBeVisible();
  await page.keyboard.press('m');
  await page.getByRole('menuitem', { name: 'Move to in-progress' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Task #2' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await page.keyboard.type('#1');
  await expect(page.getByRole('region', { name: 'review, 1 card' })).toBeVisible();
});

test('a card that goes to its next column keeps the focus', async ({ page, house }) => {
  house.begin(FILES);
  for (const n of [1, 2]) house.crew('task', 'add', `nothing ${n}`);
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'review, 2 cards' }).waitFor();
  const card = page.getByRole('button', { name: /^#2/ });
  await card.focus();
  house.crew('approve', '2');
  await page.getByRole('region', { name: 'done, 1 card' }).getByRole('button', { name: /^#2/ }).waitFor();
  await expect(card).toBeFocused();
});
