// The real window: the whole story once, and what only a window can do.

import { expect, test as base } from '@playwright/test';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FILES, House } from '../tests/house';
import { Desktop, pause, until, Window } from './driver';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const binary = process.env.CREWHOUSE ?? join(root, 'target/debug/crewhouse');
const shots = join(root, 'ui/test-results/desktop-shots');

const test = base.extend<{ house: House; desktop: Desktop; window: Window }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright wants the pattern
  house: async ({}, use) => {
    const house = new House();
    mkdirSync(house.repo, { recursive: true });
    await use(house);
    house.end();
  },
  desktop: async ({ house }, use) => {
    const desktop = new Desktop();
    await desktop.begin(house.env);
    await use(desktop);
    await desktop.end();
  },
  // eslint-disable-next-line no-empty-pattern -- Playwright wants the pattern
  window: async ({}, use, info) => {
    const window = new Window();
    await use(window);
    if (info.status !== info.expectedStatus) await window.shoot(join(shots, `failed-${info.line}.png`)).catch(() => undefined);
    await window.end();
  },
});

const named = (tag: string, text: string) => `//${tag}[contains(normalize-space(.), '${text}') or contains(@aria-label, '${text}')]`;
const column = (name: string) => `//*[@role='region' or self::section][starts-with(@aria-label, '${name},')]`;

test('a task is created, asks, is answered, approved, and lands', async ({ house, desktop, window }) => {
  house.begin(FILES);
  const heard = desktop.listen("interface='org.freedesktop.Notifications'");
  await window.open(desktop, binary);
  await window.sees('live');
  expect((await window.url()).href, 'the token has left the address').not.toContain('token');
  expect(await window.run<string[]>('return Object.keys(localStorage).concat(document.cookie)')).not.toContain('token');

  await window.press('g', 'b');
  await window.click(named('h1', 'Board'));
  await window.sees('todo');
  await window.press('c');
  await window.fill('Title', 'Change the greeting');
  await window.click("//button[contains(., 'Add')]");
  await window.sees('needs an answer');
  await window.click(`${column('in-progress')}${named("*[@role='button' or self::button]", 'Change the greeting')}`);
  await window.sees('First I look at what is there.');
  await window.sees('Which language?');
  await window.shoot(join(shots, 'asks.png'));
  await window.click(named('button', 'German'));
  await window.sees('The greeting is German now.');
  await window.shoot(join(shots, 'answered.png'));

  await window.press('\uE00C'); // Escape
  await window.press('g', 'r');
  await window.sees('hallo');
  await window.shoot(join(shots, 'review.png'));
  await window.press('a');
  await window.click(named('button', 'Approve now'));
  await window.sees('Nothing waits for your approval.');
  await until('the change has landed', () => house.git('show', 'main:greeting.txt') === 'hallo\n');
  desktop.shoot(join(shots, 'landed.png'));
  expect(heard(), 'whoever looks at the window is not disturbed').not.toContain('member=Notify');
});

test('a daemon that crashes is started again; one that was told to end is not', async ({ house, desktop, window }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'a stream');
  await window.open(desktop, binary, ['crewhouse://task/1']);
  await window.sees('line 3 of the stream');
  // When this one ends, another one is tried: who chose it goes on looking at it.
  await window.click("//nav[@aria-label='Runs']//button[@aria-current='true']");
  const before = house.pid();
  house.kill();
  await until('another daemon', () => house.pid() !== before);
  await window.sees('line 25 of the stream');
  // What is far above is drawn when somebody looks there.
  await expect
    .poll(() => window.run<boolean>("const log = document.querySelector('[role=log]'); log.scrollTop = 0; return [...log.querySelectorAll('*')].some((it) => it.textContent.trim() === 'line 1 of the stream')"))
    .toBe(true);
  // What is scrolled away is not laid out, so its text is asked for, not what is seen of it.
  const lines = await window.run<string[]>(
    "return [...document.querySelectorAll('[role=log] *')].filter((it) => it.childElementCount === 0)" +
      '.map((it) => it.textContent.trim()).filter((text) => /^line \\d+ of the stream$/.test(text))',
  );
  expect(lines).toEqual(Array.from({ length: 25 }, (_, at) => `line ${at + 1} of the stream`));

  house.crew('down');
  await window.sees('The daemon does not answer.');
  desktop.shoot(join(shots, 'offline.png'));
  // Longer than one that crashed is left alone.
  await new Promise((next) => setTimeout(next, 3_000));
  expect(existsSync(join(house.home, 'daemon.json'))).toBe(false);
  house.crew('up');
  await until('the window is live again', async () => !(await window.text()).includes('The daemon does not answer.'));
});

test('a second start brings the first window to the front, and goes where it was asked to', async ({ house, desktop, window }) => {
  house.begin(FILES);
  house.crew('task', 'add', 'nothing');
  await window.open(desktop, binary);
  await window.sees('live');
  await window.run('window.begun = "a draft"');
  const isViewable = () => desktop.run('xwininfo', ['-name', 'Crewhouse']).stdout.includes('IsViewable');
  await until('the window is there', isViewable);
  await window.minimize();
  await until('the window is away', () => !isViewable());
  const again = desktop.run(binary, ['crewhouse://task/1']);
  expect(again.status, again.stderr).toBe(0);
  await until('the window is back', isViewable);
  await until('it shows the card', async () => (await window.url()).pathname === '/task/1');
  expect(await window.run('return window.begun'), 'the page was not read again').toBe('a draft');
  expect(desktop.windows()).toEqual(['Crewhouse']);

  const hostile = desktop.run(binary, ['crewhouse://task/1?x=<script>']);
  expect([hostile.status, hostile.stderr.includes('a link is')]).toEqual([0, true]);
  expect((await window.url()).search).toBe('');
  // Nothing but the user interface opens in here.
  await window.run("location.assign('http://127.0.0.1:9/')");
  await window.run("location.assign('file:///')");
  await window.sees('live');
  expect((await window.url()).pathname).toBe('/task/1');
});

test('closing the window stops neither the daemon nor an agent, and it comes back as it was', async ({ house, desktop, window }) => {
  house.begin(FILES);
  const heard = desktop.listen("interface='org.freedesktop.Notifications'");
  await window.open(desktop, binary);
  await window.sees('live');
  house.crew('task', 'add', 'a stream');
  await window.sees('1 running');
  // Nobody looks at a window that is away: what comes is told.
  await window.minimize();
  house.crew('task', 'add', 'Change the greeting');
  await until('a notification', () => /member=Notify[^]*#2 asks you/.test(heard()));
  expect(heard()).toContain('Open the card');

  desktop.run(binary, []);
  const size = () => desktop.run('xwininfo', ['-name', 'Crewhouse']).stdout.match(/Width: \d+\s+Height: \d+/)?.[0];
  await until('the window is smaller', () => {
    // Asked again: while a window comes back, nobody may listen.
    desktop.run('wmctrl', ['-r', 'Crewhouse', '-e', '0,40,30,1000,700']);
    return size()?.includes('Width: 1000');
  });
  const daemon = house.pid();
  desktop.close();
  await until('the window is gone', () => desktop.windows().length === 0);
  await window.end();
  expect(house.pid()).toBe(daemon);
  const status = JSON.parse(house.crew('status', '--json')) as { agents: unknown[] };
  expect(status.agents.length, 'agents at work').toBeGreaterThan(0);
  await until('the agent has done all it does', () => house.crew('log', '1').includes('line 25 of the stream'));

  await window.open(desktop, binary);
  await window.sees('live');
  await until('the window is as it was', () => size()?.includes('Width: 1000'));
  await window.sees('1 thing waits for you');
  desktop.shoot(join(shots, 'again.png'));
});

const ENDS: Record<string, (desktop: Desktop, heard: string) => void> = {
  'the window is closed': (desktop) => desktop.close(),
  'it is told to quit': (desktop, heard) => void desktop.tray(heard, 'Quit; agents stay at work'),
};
for (const [when, end] of Object.entries(ENDS)) {
  test(`what was just approved is sent, also when ${when} at once`, async ({ house, desktop, window }) => {
    house.begin(FILES);
    house.crew('task', 'add', 'nothing');
    // A tray has no place without a bystander, and then the window is all there is.
    const quits = when.includes('quit');
    const heard = quits ? await desktop.bystander() : () => '';
    await window.open(desktop, binary);
    await window.sees('1 thing waits for you');
    if (quits) await until('a tray', () => desktop.tray(heard()).includes('1 waits for you'));
    await window.press('g', 'i');
    await window.sees('Approval');
    await window.press('j', 'a');
    await window.sees('Approve now');
    await window.press('a');
    await window.sees('Undo');
    end(desktop, heard());
    await until('the window is gone', () => desktop.windows().length === 0);
    await until('the approval is there', () => !house.crew('task', 'list').includes('#1'));
  });
}

test('with a tray the window hides, the tray counts and stops, and a notification opens the card', async ({ house, desktop, window }) => {
  house.begin(FILES);
  const heard = await desktop.bystander();
  await window.open(desktop, binary);
  await window.sees('live');
  await until('a tray', () => desktop.tray(heard()).includes('0 at work'));
  desktop.close();
  await until('the window is hidden', () => desktop.windows().length === 0);
  house.crew('task', 'add', 'a stream');
  await until('the tray counts', () => desktop.tray(heard()).includes('1 at work'));
  house.crew('task', 'add', 'Change the greeting');
  // The bystander clicks on what it shows.
  await until('a notification', () => heard().includes('notify Crewhouse | crewhouse | #2 asks you'));
  await until('the window is back', () => desktop.windows().length === 1);
  await until('it shows the card', async () => (await window.url()).pathname === '/task/2');
  expect(desktop.tray(heard())).toContain('1 waits for you');
  desktop.tray(heard(), 'Stop all agents now');
  await window.sees('Everything is stopped.');
  await until('the tray says so', () => desktop.tray(heard()).includes('stopped · '));
  desktop.tray(heard(), 'Let work go on');
  await until('work goes on', async () => !(await window.text()).includes('Everything is stopped.'));
  const daemon = house.pid();
  desktop.tray(heard(), 'Quit; agents stay at work');
  await until('the window is gone', () => desktop.windows().length === 0);
  expect(house.pid()).toBe(daemon);
});

test('what is typed and not saved is not lost by a click on the cross', async ({ house, desktop, window }) => {
  house.begin(FILES);
  await window.open(desktop, binary);
  await window.sees('live');
  await window.press('g', 't');
  await window.click(named('a', 'team.toml'));
  await window.click('//textarea');
  await window.press(...'# a thought ');
  await window.sees('Discard');
  desktop.close();
  await window.sees('is not saved:');
  await window.shoot(join(shots, 'leave.png'));
  expect(desktop.windows()).toEqual(['Crewhouse']);
  await window.click(named('button', 'Stay'));
  await until('the question is gone', async () => !(await window.text()).includes('is not saved:'));
  desktop.close();
  await window.click(named('button', 'Close without saving'));
  await until('the window is gone', () => desktop.windows().length === 0);
  expect(readFileSync(join(house.repo, '.crew/team.toml'), 'utf8')).not.toContain('a thought');
});

test('a window that is wanted again before it has ended stays', async ({ house, desktop, window }) => {
  house.begin(FILES);
  await window.open(desktop, binary);
  await window.sees('live');
  await window.run("window.says = 'wait'; window.addEventListener('crewhouse:leave', (event) => (event.detail.answer = window.says))");
  desktop.close();
  await until('the window is hidden', () => desktop.windows().length === 0);
  desktop.run(binary, []);
  await until('the window is there', () => desktop.windows().length === 1);
  await until('it is not asked any more', async () => {
    await window.run("window.asked = false; window.addEventListener('crewhouse:leave', () => (window.asked = true))");
    await pause(500);
    return window.run<boolean>('return !window.asked');
  });
  await window.run("window.says = 'go'");
  desktop.close();
  await until('the window is gone', () => desktop.windows().length === 0);
});

test('a page that hangs does not hold the window', async ({ house, desktop, window }) => {
  house.begin(FILES);
  await window.open(desktop, binary);
  await window.sees('live');
  await window.run("window.addEventListener('crewhouse:leave', () => { for (;;); })");
  desktop.close();
  await until('the window is gone', () => desktop.windows().length === 0);
  await until('the program has ended', () => desktop.run('flock', ['-n', join(house.home, 'desktop.lock'), 'true']).status === 0);
});

test('without a daemon the window says why, and tries again', async ({ house, desktop, window }) => {
  // Alone in a directory, and with nothing on the PATH but what WebKit needs.
  const alone = join(house.dir, 'alone');
  mkdirSync(alone);
  copyFileSync(binary, join(alone, 'crewhouse'));
  desktop.env = { ...desktop.env, PATH: '/usr/bin:/bin' };
  await window.open(desktop, join(alone, 'crewhouse'));
  await window.sees('There is no daemon');
  await window.sees('hint: install the package again');
  await until('it is not faded any more', () => window.run("return getComputedStyle(document.querySelector('main')).opacity === '1'"));
  await window.shoot(join(shots, 'no-daemon.png'));
  copyFileSync(process.env.CREW ?? join(root, 'target/debug/crew'), join(alone, 'crew'));
  await window.click("//a[contains(., 'Try again')]");
  await window.sees('Put a repository under Crewhouse');
  expect(readdirSync(house.home)).toContain('daemon.json');
});

test('the window in the README', async ({ house, desktop, window }) => {
  test.skip(process.env.CREW_IMAGES === undefined, 'CREW_IMAGES says where it goes: `make images`');
  house.repository({ 'README.md': 'a shop\n' });
  await window.open(desktop, binary);
  await window.click(named('button', 'Watch the demo'));
  await until('the board', async () => (await window.url()).pathname === '/board');
  desktop.run('wmctrl', ['-r', 'Crewhouse', '-e', '0,60,40,960,420']);
  await window.press('g', 'i');
  await window.sees('Approval');
  await window.press('j', 'a', 'a');
  await window.sees('Nothing waits for you.');
  await window.sees('Question');
  await window.sees('Approval');
  await window.press('j');
  // What comes in has come to rest.
  await pause(1_000);
  desktop.shootWindow(join(process.env.CREW_IMAGES ?? '', 'window-light.png'));
});
