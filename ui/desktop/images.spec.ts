// The window in the README: `make images`.

import { test } from '@playwright/test';
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { House } from '../tests/house';
import { Desktop, Window } from './driver';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const binary = process.env.CREWHOUSE ?? join(root, 'target/debug/crewhouse');
const images = process.env.CREW_IMAGES;

test('the window in the middle of the demo', async () => {
  test.skip(images === undefined, 'CREW_IMAGES says where it goes');
  const house = new House();
  const desktop = new Desktop();
  const window = new Window();
  mkdirSync(house.repo, { recursive: true });
  house.repository({ 'README.md': 'a shop\n' });
  await desktop.begin(house.env);
  try {
    await window.open(desktop, binary);
    await window.sees('Only looking?');
    await window.click("//button[contains(., 'Watch the demo')]");
    await window.sees('in-progress');
    await window.press('g', 'm');
    await window.click("//button[contains(., 'Approve')]");
    await window.click("//button[contains(., 'Approve now')]");
    await window.sees('Question');
    await window.run("document.documentElement.dataset.theme = 'dark'");
    desktop.run('wmctrl', ['-r', 'Crewhouse', '-e', '0,10,10,1220,740']);
    await new Promise((next) => setTimeout(next, 2_000));
    desktop.frame(join(images ?? '', 'window-dark.png'));
  } finally {
    await window.end();
    await desktop.end();
    house.end();
  }
});
