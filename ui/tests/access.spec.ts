import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { enter, expect, FILES, test, visit } from './house';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const THEMES = ['light', 'dark', 'high-contrast'];
const ROOMS = ['/', '/board', '/inbox', '/review', '/costs', '/team', '/settings', '/task/1', '/team?file=team.toml', '/reference'];

interface Found {
  violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
}

async function breaches(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  // What fades in is faint for a moment.
  await page.evaluate(async () => void (await Promise.allSettled(document.getAnimations().filter((it) => it.effect?.getComputedTiming().iterations === 1).map((it) => it.finished))));
  const found = await page.evaluate(() => (globalThis as unknown as { axe: { run(): Promise<unknown> } }).axe.run());
  return (found as Found).violations.flatMap((it) => it.nodes.map((node) => `${it.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
}

test('every screen can be used by everybody', async ({ page, house, problems }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'Change the greeting', '--body', 'With `code` and\n\n- a list');
  house.crew('task', 'add', 'nothing 2', '--after', '1');
  house.crew('task', 'add', 'nothing 3');
  await enter(page, house);
  await expect(page.getByText('Approval', { exact: true })).toBeVisible();
  await expect(page.getByText('Question', { exact: true })).toBeVisible();
  for (const room of ROOMS) {
    await visit(page, room);
    await page.getByLabel('Status').getByText('live', { exact: true }).waitFor();
    await page.getByRole('main').waitFor();
    if (room.startsWith('/task')) await page.getByText('Which language?').first().waitFor();
    for (const theme of THEMES) {
      await page.evaluate((it) => (document.documentElement.dataset.theme = it), theme);
      expect.soft(await breaches(page), `${room} in ${theme}`).toEqual([]);
    }
  }
  await visit(page, '/board');
  await page.getByRole('button', { name: /^#1/ }).click();
  await page.getByText('Which language?').first().waitFor();
  expect.soft(await breaches(page), 'the drawer').toEqual([]);
  await page.keyboard.press('Escape');
  for (const key of ['Control+k', '?', 'c']) {
    await page.keyboard.press(key);
    await page.getByRole('dialog').waitFor();
    expect.soft(await breaches(page), `after ${key}`).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  }
  expect(problems).toEqual([]);
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
  await expect(page.getByRole('region', { name: 'review, 1 cards' })).toBeVisible();
});
