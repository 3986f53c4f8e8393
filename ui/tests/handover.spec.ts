import type { Page } from '@playwright/test';
import { enter, expect, FILES, test } from './house';

/** A second provider, whose agents play the same. */
const TWO = (FILES['.crew/team.toml'] ?? '').replace(
  '[roles.pm]',
  '[providers.other]\nkind = "native"\napi = "playbook"\nmodel = "playbook.toml"\n\n[roles.pm]',
);
/** An engineer who proposes another task. */
const PROPOSES = `
[[scene]]
role = "engineer"
task = "the parent"
[[scene.turn]]
tools = [{ name = "subtask", title = "Clean up" }]
[[scene.turn]]
finish = "DONE: and something is left to be cleaned up"
`;

const cardOf = (page: Page, id: number) => page.getByRole('dialog', { name: `Task #${id}` });
const factsOf = (page: Page, id: number) => cardOf(page, id).getByRole('complementary', { name: 'Facts' });

/** Chooses an action of the card that is open. */
async function act(page: Page, id: number, action: string) {
  await cardOf(page, id).getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
}

test('a task that waits is handed over from its card, and the card says why', async ({ page, house, problems }) => {
  house.begin({ ...FILES, '.crew/team.toml': TWO });
  house.crew('task', 'add', 'Change the greeting');
  await enter(page, house, '/board');
  const card = page.getByRole('button', { name: /^#1 Change/ });
  await expect(card).toHaveAccessibleName(/needs an answer/);
  await card.press('Enter');
  await act(page, 1, 'Hand over');
  const dialog = page.getByRole('dialog', { name: 'Hand over #1' });
  const send = dialog.getByRole('button', { name: 'Hand over' });
  await expect(dialog.getByText('r2, engineer, is with native.')).toBeVisible();
  await expect(dialog.getByLabel('Provider')).toHaveValue('other');
  await dialog.getByLabel('Provider').selectOption('native');
  await expect(send).toBeDisabled();
  await dialog.getByLabel('Provider').selectOption('other');
  await send.click();
  await expect(dialog).toBeHidden();

  const facts = factsOf(page, 1);
  const run = (name: string) => facts.getByRole('region', { name });
  await expect(run('Run r3').getByText('engineer, other')).toBeVisible();
  await expect(run('Run r3').getByText('you handed it over')).toBeVisible();
  await run('Run r3').getByRole('button', { name: 'r2, engineer, native' }).click();
  await run('Run r2').getByRole('button', { name: 'r3, engineer, other' }).click();
  await expect(run('Run r3')).toBeVisible();
  // Where there is no room beside what it says, the reason stands above it.
  await page.setViewportSize({ width: 390, height: 844 });
  await expect(cardOf(page, 1).getByText(/^you handed it over; takes over from r2/)).toBeVisible();
  await page.setViewportSize({ width: 1280, height: 800 });

  await cardOf(page, 1).getByRole('button', { name: 'German' }).click();
  await expect(cardOf(page, 1).getByText('The greeting is German now.').first()).toBeVisible();
  expect(problems).toEqual([]);
});

test('what cannot be handed over any more is refused where one asks for it', async ({ page, house }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'Change the greeting');
  await enter(page, house, '/board');
  const card = page.getByRole('button', { name: /^#1 Change/ });
  await expect(card).toHaveAccessibleName(/needs an answer/);
  await card.press('Enter');
  await act(page, 1, 'Change model');
  const dialog = page.getByRole('dialog', { name: 'Change the model of #1' });
  await expect(dialog.getByLabel('Model')).toBeFocused();
  await expect(dialog.getByRole('button', { name: 'Change model' })).toBeDisabled();
  house.crew('task', 'cancel', '1');
  await page.keyboard.type('another.toml');
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('alert')).toContainText('#1 is');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await cardOf(page, 1).getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menu').waitFor();
  await expect(page.getByRole('menuitem', { name: 'Change model' })).toHaveCount(0);
});

test('a task that was proposed leads to where it comes from, and what must not be forgotten is pinned', async ({ page, house, problems }) => {
  house.begin({ ...FILES, '.crew/playbook.toml': PROPOSES + (FILES['.crew/playbook.toml'] ?? '') });
  house.crew('task', 'add', 'the parent');
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'review, 1 card' }).waitFor();
  await page.getByRole('button', { name: /^#1 the parent/ }).press('Enter');
  await factsOf(page, 1).getByRole('button', { name: 'proposed #2 Clean up' }).click();
  await factsOf(page, 2).getByRole('button', { name: 'proposed by #1 the parent' }).click();

  await act(page, 1, 'Pin an anchor');
  const dialog = page.getByRole('dialog', { name: 'Pin an anchor to #1' });
  await expect(dialog.getByRole('textbox')).toBeFocused();
  await page.keyboard.type('The API stays as it is');
  await dialog.getByRole('button', { name: 'Pin' }).click();
  await expect(factsOf(page, 1).getByText('The API stays as it is')).toBeVisible();
  await expect(factsOf(page, 1).getByRole('button', { name: 'Pin another' })).toBeVisible();
  expect(problems).toEqual([]);
});
