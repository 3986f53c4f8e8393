// Nothing is decided by a slip, and nothing that was typed is lost.

import { enter, expect, FILES, test, visit } from './house';

test('a key that is held decides nothing, and none reaches the card behind the drawer', async ({ page, house, problems }) => {
  house.begin(FILES);
  for (const n of [1, 2]) house.crew('task', 'add', `nothing ${n}`);
  await enter(page, house, '/review');
  const list = page.getByRole('list', { name: 'Waits for approval' }).getByRole('listitem');
  await expect(list).toHaveCount(2);
  await page.keyboard.down('a');
  for (let n = 0; n < 5; n += 1) await page.keyboard.down('a');
  await page.keyboard.up('a');
  await page.getByRole('button', { name: 'Approve now' }).waitFor();
  await expect(list).toHaveCount(2);

  // In a list nothing is decided that is not marked.
  await visit(page, '/inbox');
  await page.getByRole('button', { name: /^Approve/ }).first().waitFor();
  await page.keyboard.press('a');
  await expect(page.locator('li.chosen')).toHaveCount(1);
  await expect(page.getByRole('button', { name: 'Approve now' })).toHaveCount(0);

  // #1 is a page; #2 is in front of it.
  await visit(page, '/task/1');
  await page.getByRole('article', { name: 'Task #1' }).getByRole('button', { name: /^Approve/ }).waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('#2');
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog', { name: 'Task #2' });
  await drawer.getByRole('button', { name: /^Approve/ }).waitFor();
  await page.keyboard.press('a');
  await page.keyboard.press('a');
  // What came of it is said where it can be seen.
  await expect(drawer.getByRole('status').getByText('#2 approved')).toBeInViewport();
  await page.keyboard.press('Escape');
  await expect.poll(() => house.crew('task', 'list')).not.toContain('#2');
  expect(house.crew('task', 'list')).toMatch(/^#1 +review +needs your approval/);
  expect(problems).toEqual([]);
});

test('what was typed is there again', async ({ page, house, problems }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'nothing');
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'review, 1 card' }).waitFor();

  await page.keyboard.press('c');
  await page.getByLabel('Title').fill('Half a thought');
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Escape');
  await page.keyboard.press('c');
  await expect(page.getByLabel('Title')).toHaveValue('Half a thought');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.keyboard.press('c');
  await expect(page.getByLabel('Title')).toHaveValue('');
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: /^#1 nothing/ }).press('Enter');
  const drawer = page.getByRole('dialog', { name: 'Task #1' });
  const say = drawer.getByRole('textbox').last();
  await say.fill('and mind the gap');
  await drawer.getByRole('tab', { name: 'Changes' }).click();
  await drawer.getByRole('tab', { name: 'Transcript' }).click();
  await expect(say).toHaveValue('and mind the gap');
  await page.keyboard.press('Escape');

  await visit(page, '/team?file=team.toml');
  const text = page.getByRole('textbox', { name: /team.toml/ });
  await text.waitFor();
  await text.press('Control+End');
  await text.pressSequentially('# half done');
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('b');
  await page.getByRole('region', { name: 'review, 1 card' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await page.getByRole('link', { name: /team.toml.*not saved/ }).click();
  await expect(text).toHaveValue(/# half done/);
  expect(problems).toEqual([]);
});

test('whoever is stuck is told how it goes on, where it is shown', async ({ page, house, problems }) => {
  const team = FILES['.crew/team.toml']?.replace(/\[providers\.\w+\][^[]*/g, (all) => all.replace(/(\n[^[]*)/, '\nkind = "acp"\nprogram = "/no/such/agent"\n')) ?? '';
  house.begin({ ...FILES, '.crew/team.toml': team });
  house.crew('task', 'add', 'nothing');
  await enter(page, house, '/inbox');
  const stuck = page.getByRole('article').filter({ hasText: 'is no program' });
  await stuck.getByRole('button', { name: /^try again/ }).waitFor();
  await stuck.getByRole('textbox', { name: 'Or say how it goes on' }).fill('Use the agent that is there.');
  await stuck.getByRole('button', { name: 'Answer', exact: true }).click();
  await expect.poll(() => house.crew('task', 'show', '1')).toContain('Use the agent that is there.');

  // All is found from the rail, by a mouse or a finger.
  await page.getByRole('button', { name: 'Find', exact: true }).click();
  await page.keyboard.type('stop every');
  await expect(page.getByRole('option', { name: /^Stop everything/ })).toBeVisible();
  expect(problems).toEqual([]);
});

test('an answer for always is seen and forgotten in the team, where routines are, too', async ({ page, house, problems }) => {
  const team = FILES['.crew/team.toml'] ?? '';
  const strict = team.replace('[roles.engineer]\n', '[roles.engineer]\nrules = [{ answer = "ask", path = "greeting.txt" }]\n');
  const routine = '\n[[routines]]\nname = "look-round"\ntitle = "Look for loose ends"\nevery_minutes = 1440\n';
  house.begin({ ...FILES, '.crew/team.toml': strict + routine });
  house.crew('task', 'add', 'the greeting');
  await enter(page, house, '/inbox');
  await page.getByRole('button', { name: 'Always…' }).waitFor();
  // By keys: the first marks it, the second asks how far, the third answers.
  await page.keyboard.press('y');
  await page.keyboard.press('y');
  await page.getByRole('button', { name: 'Always allow in all tasks' }).waitFor();
  await page.keyboard.press('2');
  await page.getByText('Which language?').waitFor();

  await visit(page, '/team');
  await expect(page.getByRole('row', { name: /Look for loose ends.*as time goes by, at most once in 1 d/ })).toBeVisible();
  const answer = page.getByRole('row', { name: /engineer.*greeting\.txt.*always/ });
  await expect(answer).toHaveCount(1);
  await answer.getByRole('button', { name: /^Forget/ }).click();
  await expect(answer).toHaveCount(0);
  expect(house.crew('asks', 'list')).not.toContain('greeting.txt');
  expect(problems).toEqual([]);
});

test('a task is given up when that was asked once more', async ({ page, house, problems }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'nothing');
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'review, 1 card' }).waitFor();
  await page.getByRole('button', { name: /^#1 nothing/ }).press('Enter');
  const drawer = page.getByRole('dialog', { name: 'Task #1' });
  await drawer.getByRole('button', { name: 'Pause' }).waitFor();
  await page.keyboard.press('p');
  await drawer.getByRole('button', { name: 'Resume' }).waitFor();
  const ask = async () => {
    await drawer.getByRole('button', { name: 'Actions' }).click();
    await page.getByRole('menuitem', { name: 'Give up' }).click();
  };
  await ask();
  await page.getByRole('button', { name: 'Keep it' }).click();
  await ask();
  await page.getByRole('dialog', { name: 'Give up #1' }).getByRole('button', { name: 'Give up' }).click();
  await expect(drawer.getByRole('status').getByText('#1 was given up')).toBeInViewport();
  await expect.poll(() => house.crew('task', 'show', '1')).toContain('cancelled');
  expect(problems).toEqual([]);
});

test('a limit holds a card that is told to ask, and it goes on when the human lets it', async ({ page, house, problems }) => {
  const finish = 'finish = "DONE: nothing to change"\n';
  const scene = `[[scene]]\nrole = "pm"\n[[scene.turn]]\nlimit_s = 3600\n${finish}[[scene]]\n[[scene.turn]]\n${finish}`;
  house.begin({ ...FILES, '.crew/playbook.toml': scene });
  await enter(page, house, '/board');
  await page.keyboard.press('c');
  await page.getByLabel('Title').fill('Wait for me');
  await page.getByLabel('Ask me before it goes on after a limit').check();
  await page.keyboard.press('Control+Enter');
  await visit(page, '/inbox');
  await expect(page.getByText(/^native is limited until .*min left/)).toBeVisible();
  const held = page.getByRole('list', { name: 'What waits for you' }).getByRole('listitem').filter({ hasText: 'Held' });
  await expect(held).toContainText('A limit was met (native)');
  await held.getByRole('button', { name: /^Go on/ }).click();
  await expect(held).toHaveCount(0);
  await page.getByRole('button', { name: /^Approve/ }).waitFor();
  expect(problems).toEqual([]);
});
