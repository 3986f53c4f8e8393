// What one takes away from a transcript: links to its places, outputs, code; and how long calls took.

import type { Page } from '@playwright/test';
import { appendFileSync } from 'node:fs';
import { enter, expect, FILES, type House, test, visit } from './house';
import { outputOf } from './scenes';

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
  // Where the pointer is and where the keys are: the other places have none, however many there are.
  expect(await buttons.count()).toBeLessThanOrEqual(2);
  expect(await log.locator('.item').count()).toBeGreaterThan(4);
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
  // Whoever looks later knows it as well.
  await page.reload();
  await expect(call.locator('.took')).toHaveText(/^[123]\.\d s$/);

  await call.locator('summary').click();
  const copy = async (what: string, wanted: string) => {
    const button = log.getByRole('button', { name: `Copy ${what}` });
    await button.focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => pasted(page)).toBe(wanted);
    await expect(button.locator('xpath=..').getByText('Copied')).toBeAttached();
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

/** A task that waits for approval, whose agent has printed this besides. */
async function printed(page: Page, house: House, lines: readonly object[]) {
  house.begin(FILES);
  house.crew('task', 'add', 'nothing');
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'review, 1 card' }).waitFor();
  appendFileSync(await outputOf(house), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

test('what cannot be read of a transcript is said in its place, and tried again', async ({ page, house }) => {
  await printed(page, house, Array.from({ length: 300 }, (_, at) => ({ type: 'text', text: `word ${at} of many ${'and more '.repeat(200)}` })));
  await visit(page, '/task/1');
  const log = page.getByRole('log');
  await expect(log.getByText('word 299 of many')).toBeVisible();
  let down = true;
  await page.route('**/api/runs/*/log*', (route) => (down ? route.abort() : route.fallback()));
  const begin = () => log.evaluate((view) => view.scrollTo({ top: 0 }));
  await expect(async () => {
    await begin();
    await log.getByRole('button', { name: 'Show what came before' }).click({ timeout: 500 });
  }).toPass();
  await expect(log.getByRole('alert')).toHaveText(/^What came before could not be read: The daemon cannot be reached/);
  down = false;
  await log.getByRole('button', { name: 'Try again' }).click();
  await expect(log.getByRole('alert')).toHaveCount(0);
  await expect(log.getByRole('button', { name: 'Try again' })).toHaveCount(0);
});

test('agents that agents started are a tree, with what each used', async ({ page, house, problems }) => {
  const start = (id: string, description: string) => ({ type: 'tool_call', id, name: 'Task', input: { description } });
  const by = (call: string, event: object) => ({ type: 'subagent', call, event });
  await printed(page, house, [
    start('a', 'Look for callers'),
    by('a', { type: 'text', text: 'I have somebody look.' }),
    by('a', start('b', 'Look in the tests')),
    by('b', { type: 'text', text: 'There are two.' }),
    by('b', { type: 'usage', input_tokens: 900, cached_tokens: 0, output_tokens: 100, cost: 21_000 }),
    by('a', { type: 'tool_result', id: 'b', ok: true, output: 'two' }),
    { type: 'tool_result', id: 'a', ok: true, output: 'two in all' },
  ]);
  await visit(page, '/task/1');
  await page.getByRole('log').getByText('There are two.').waitFor();
  const tree = page.getByRole('list', { name: /^Agents that r\d+ started$/ }).getByRole('button');
  await expect(tree).toHaveCount(2);
  await expect(tree.nth(0)).toHaveAccessibleName(/^Look for callers/);
  await expect(tree.nth(1)).toHaveAccessibleName('Look in the tests, $0.021, over, 2 levels deep');
  const left = (text: string) => page.getByRole('log').getByText(text).evaluate((it) => it.getBoundingClientRect().left);
  expect(await left('There are two.')).toBeGreaterThan(await left('I have somebody look.'));
  await tree.nth(1).click();
  await expect(page.locator('.item.aimed')).toContainText('Look in the tests');
  expect(problems).toEqual([]);
});

test('the raw log of an agent at work goes on, and stays where one reads', async ({ page, house, problems }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'a stream');
  await page.setViewportSize({ width: 1280, height: 500 });
  await enter(page, house, '/task/1');
  await expect(page.getByRole('log').getByText('line 2 of the stream', { exact: true })).toBeVisible();
  await page.getByRole('navigation', { name: 'Runs' }).locator('[aria-current=true]').click();
  await page.getByRole('tab', { name: 'Raw log' }).click();
  const raw = page.getByRole('region', { name: /^Raw log of r/ });
  await expect(raw.getByText('"line 4 of the stream"')).toBeVisible();
  await expect(raw.getByText('"line 12 of the stream"')).toBeInViewport();
  await raw.evaluate((view) => view.scrollTo({ top: 0 }));
  const live = page.getByRole('button', { name: 'Jump to live' });
  await expect(live).toBeVisible();
  await expect(raw.getByText('"line 15 of the stream"')).toBeAttached();
  expect(await raw.evaluate((view) => view.scrollTop)).toBe(0);
  await live.click();
  await expect(live).toBeHidden();
  await expect(raw.getByText('nothing to be done here').last()).toBeInViewport();
  expect(problems).toEqual([]);
});
