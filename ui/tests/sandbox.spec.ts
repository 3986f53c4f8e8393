import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enter, expect, FILES, test } from './house';

test('what the sandbox refused is opened from the inbox, and the agent goes on', async ({ page, house, problems }) => {
  const prices = join(house.dir, 'data', 'prices.csv');
  mkdirSync(join(house.dir, 'data'));
  writeFileSync(prices, 'a price\n');
  const waits = `until cat ${prices} 2>/dev/null >seen.txt; do sleep 0.1; done`;
  house.begin({
    ...FILES,
    '.crew/playbook.toml': `
[[scene]]
role = "engineer"
[[scene.turn]]
say = "I look at the prices."
tools = [{ name = "shell", command = "cat ${prices}" }]
[[scene.turn]]
tools = [{ name = "shell", command = "${waits}" }]
[[scene.turn]]
finish = "DONE: seen"
[[scene]]
[[scene.turn]]
finish = "DONE: fine"
`,
  });
  house.crew('task', 'add', 'Look at the prices');
  await enter(page, house, '/inbox');
  const ask = page.getByText('The sandbox kept engineer from reading');
  const { findings } = JSON.parse(house.crew('doctor', '--json')) as { findings: { about: string; grade: string }[] };
  test.skip(findings.some((it) => it.about === 'sandbox' && it.grade === 'warn'), 'this machine has no sandbox');
  await expect(ask).toBeVisible();
  await page.getByRole('button', { name: /allow/i }).first().click();
  await expect(ask).toBeHidden();
  await expect(page.getByRole('button', { name: 'Approve' })).toBeVisible();
  expect(house.git('show', 'crew/1:seen.txt')).toBe('a price\n');
  expect(problems).toEqual([]);
});
