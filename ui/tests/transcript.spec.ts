// What one takes away from a transcript: links to its places, outputs, code; and how long calls took.

import type { Page } from '@playwright/test';
import { enter, expect, FILES, test, visit } from './house';

const AGENT = `
[[scene]]
role = "pm"
[[scene.turn]]
finish = "DONE: clear enough"

[[scene]]
role = "engineer"
[[scene.turn]]
delay_ms = 1500
say = """First this:

\`\`\`sh
make all
\`\`\`
"""
tools = [{ name = "shell", command = "sleep 2; seq 1 40" }]
usage = { input = 3000, output = 90, cost_micros = 12000 }
[[scene.turn]]
tools = [{ name = "edit", path = "greeting.txt", old = "hello", new = "hallo" }]
usage = { input = 400, output = 60, cost_micros = 4000 }
[[scene.turn]]
finish = "DONE: It is done."
`;
const HOUSE = { ...FILES, '.crew/playbook.toml': AGENT };

const pasted = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

test('a place in a transcript has an address, which leads there and holds no token', async ({ page, house, problems }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  house.begin(HOUSE);
  house.crew('task', 'add', 'a greeting');
  await enter(page, house, '/task/1');
  const log = page.getByRole('log');
  await page.getByRole('button', { name: /^Approve/ }).waitFor({ timeout: 40_000 });
  await log.getByText('its last word').waitFor();

  const call = log.locator('.item').filter({ hasText: 'sleep 2' });
  await call.hover();
  await call.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByRole('status').getByText(/^Link to this place in r\d+ of #1 copied\./)).toBeVisible();
  const address = await pasted(page);
  expect(address).toMatch(/\/task\/1\?run=\d+&at=\d+:\d+$/);
  expect(address).toContain(new URL(page.url()).origin);
  await visit(page, '/board');
  await visit(page, address);
  await expect(log.locator('.item.aimed')).toContainText('sleep 2');

  // By keys: Tab reaches one of them, the arrows the others.
  const buttons = log.getByRole('button', { name: 'Copy link', includeHidden: true });
  await expect(log.locator('.link[tabindex="0"]')).toHaveCount(1);
  await log.locator('.link[tabindex="0"]').focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect.poll(() => pasted(page)).not.toBe(address);
  expect(await buttons.count()).toBeGreaterThan(4);
  const above = await pasted(page);

  // From the menu, where no pointer hovers: what is seen, and the task.
  const actions = page.getByRole('button', { name: 'Actions' });
  await actions.click();
  await page.getByRole('menuitem', { name: 'Copy link to what is seen' }).click();
  await expect.poll(() => pasted(page)).not.toBe(above);
  expect(await pasted(page)).toMatch(/\?run=\d+&at=/);
  await actions.click();
  await page.getByRole('menuitem', { name: 'Copy link', exact: true }).click();
  await expect(page.getByRole('status').getByText(/^Link to #1 copied\./)).toBeVisible();
  expect(await pasted(page)).toMatch(/\/task\/1$/);

  // Whoever has no token is told where it comes from, and what to open then.
  const other = await page.context().newPage();
  await other.goto(address);
  await expect(other.getByText('This window has no token')).toBeVisible();
  await expect(other.getByText(address)).toBeVisible();
  expect(problems).toEqual([]);
});

test('outputs, commands, code and changes are copied, and calls say how long they took', async ({ page, house, problems }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  house.begin(HOUSE);
  await enter(page, house, '/board');
  house.crew('task', 'add', 'a greeting');
  await page.getByRole('region', { name: 'in-progress, 1 card' }).waitFor();
  await visit(page, '/task/1');
  const log = page.getByRole('log');
  const call = log.locator('details').filter({ hasText: 'sleep 2' });
  await expect(call.getByText(/^runs 0:0\d$/)).toBeVisible();
  await expect(call.locator('.took')).toHaveText(/^[23]\.\d s$/);

  await call.locator('summary').click();
  const copy = async (what: string, wanted: string) => {
    const button = log.getByRole('button', { name: `Copy ${what}` });
    await button.focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => pasted(page)).toBe(wanted);
    await expect(button.locator('xpath=..').getByRole('status')).toHaveText('Copied');
  };
  await copy('the command', 'sleep 2; seq 1 40');
  await copy('the code', 'make all');
  await log.getByRole('button', { name: 'Copy the output' }).click();
  await expect.poll(() => pasted(page)).toContain('\n20\n21\n22\n');
  await copy('the changes in greeting.txt', '-hello\n+hallo\n');
  await page.getByRole('tab', { name: /^Changes/ }).click();
  await page.getByRole('button', { name: 'Copy the changes in greeting.txt' }).click();
  await expect.poll(() => pasted(page)).toBe('@@ -1,1 +1,1 @@\n-hello\n+hallo\n');
  expect(problems).toEqual([]);
});
