// What the face costs and how fast it is. Every measure stands beside a bare page in the same browser,
// in the same run. Writes its part of docs/benchmarks.md: `make ui-bench` (HOUR=1 streams to the windows for an hour).

import { chromium, expect, test as base, type Browser, type CDPSession, type Page } from '@playwright/test';
import { appendFileSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Desktop, pause, Window } from '../desktop/driver';
import { enter, FILES, House } from '../tests/house';
import { CARDS, EVENTS, fullBoard, longCard, outputOf, painted, scrolled } from '../tests/scenes';
import { Bare } from './bare';
import { named, percentile, pss, share, tree } from './machine';
import { document, number, write, type Row, type Section } from './report';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const program = process.env.CREW ?? join(root, 'target/release/crew');
const binary = process.env.CREWHOUSE ?? join(root, 'target/release/crewhouse');

/** Events in a second, and how many of them at once. */
const RATE = 2_000;
const EVERY_MS = 10;
const LATENCY_SECONDS = Number(process.env.SECONDS ?? 20);
const STREAM_SECONDS = Number(process.env.SECONDS ?? 60);
const WINDOW_SECONDS = process.env.HOUR === '1' ? 3_600 : STREAM_SECONDS;
/** For an hour, as much as an agent says that never thinks: two windows are to keep up without a graphics card. */
const WINDOW_RATE = process.env.HOUR === '1' ? 20 : RATE;
/** A text that is as long as what agents say in one go. */
const WORDS = 'I look at the next file, then I run the tests again and see what they say. ';

/** An agent that is at work for as long as it takes, and says nothing by itself. */
const WAITS = `
[[scene]]
role = "pm"
[[scene.turn]]
finish = "DONE: clear"

[[scene]]
role = "engineer"
[[scene.turn]]
delay_ms = 14400000
say = "at last"
`;

const test = base.extend<{ house: House }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright wants the pattern
  house: async ({}, use) => {
    const house = new House();
    mkdirSync(house.repo, { recursive: true });
    await use(house);
    house.end();
  },
});

const sections: Section[] = [];

/** Calls with lines that carry their moment, so many in a second, for so long. */
async function talk(seconds: number, say: (lines: string[]) => void, rate = RATE): Promise<number> {
  const begin = Date.now();
  let sent = 0;
  while (Date.now() - begin < seconds * 1_000) {
    const due = Math.floor(((Date.now() - begin) * rate) / 1_000);
    const moment = Date.now();
    if (due > sent) say(Array.from({ length: due - sent }, (_, n) => `${WORDS}@${sent + n}:${moment}#`));
    sent = due;
    await pause(EVERY_MS);
  }
  return sent;
}

/** Notes in the page when each line is on the screen, which the browser tells of elements that are named. */
async function watch(page: Page) {
  await page.evaluate(() => {
    const seen = { delays: [] as number[], frames: [] as number[], newest: -1, pending: 0 };
    (window as unknown as { seen: typeof seen }).seen = seen;
    const log = window.document.querySelector('[role=log]');
    if (log === null) throw new Error('there is no log');

    // Lines may be gone when the browser tells, and then it does not: each frame that draws some has a mark.
    const marks = window.document.createElement('div');
    Object.assign(marks.style, { position: 'fixed', top: '0', left: '0', width: '80px', height: '20px', overflow: 'hidden', contain: 'strict' });
    window.document.body.append(marks);
    const drawn = new Map<string, { mark: Element; moments: number[] }>();
    const told = (list: PerformanceObserverEntryList) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { identifier: string; renderTime: number })[]) {
        const lines = drawn.get(entry.identifier);
        drawn.delete(entry.identifier);
        lines?.mark.remove();
        for (const moment of lines?.moments ?? []) seen.delays.push(performance.timeOrigin + entry.renderTime - moment);
        seen.pending = drawn.size;
      }
    };
    new PerformanceObserver(told).observe({ type: 'element' });

    const note = () => {
      const moments: number[] = [];
      const before = seen.newest;
      // From the end: what was there before is behind.
      for (let item = log.lastElementChild; item !== null; item = item.previousElementSibling) {
        const [, number, moment] = /@(\d+):(\d+)#/.exec(item.textContent ?? '') ?? [];
        if (number === undefined) continue;
        if (Number(number) <= before) break;
        seen.newest = Math.max(seen.newest, Number(number));
        moments.push(Number(moment));
      }
      if (moments.length === 0) return;
      const mark = window.document.createElement('p');
      mark.setAttribute('elementtiming', String(seen.newest));
      mark.textContent = String(seen.newest);
      marks.prepend(mark);
      drawn.set(String(seen.newest), { mark, moments });
      seen.pending = drawn.size;
    };
    new MutationObserver(note).observe(log, { childList: true });

    let before = performance.now();
    const frame = () => {
      const now = performance.now();
      seen.frames.push(now - before);
      before = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

interface Seen {
  readonly delays: number[];
  readonly frames: number[];
  readonly newest: number;
  /** Frames of which the browser has not told yet. */
  readonly pending: number;
}

const seen = (page: Page) => page.evaluate(() => (window as unknown as { seen: Seen }).seen);

async function busy(cdp: CDPSession): Promise<{ task: number; heap: number }> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  const value = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return { task: value('TaskDuration'), heap: value('JSHeapUsedSize') / 2 ** 20 };
}

interface Streamed {
  readonly p50: number;
  readonly p99: number;
  readonly got: number;
  readonly busy: number;
  readonly frame: number;
}

/** Streams for a while, and says how it went. */
async function streamed(page: Page, seconds: number, say: (lines: string[]) => void): Promise<Streamed> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  await watch(page);
  const before = await busy(cdp);
  const sent = await talk(seconds, say);
  await expect.poll(async () => (await seen(page)).newest, { timeout: 60_000 }).toBeGreaterThan(sent - RATE);
  const after = await busy(cdp);
  await expect.poll(async () => (await seen(page)).pending, { message: 'frames that the browser tells nothing of' }).toBe(0);
  const { delays, frames, newest } = await seen(page);
  return {
    p50: percentile(delays, 0.5),
    p99: percentile(delays, 0.99),
    got: (newest + 1) / seconds,
    busy: (after.task - before.task) / seconds,
    frame: percentile(frames, 0.99),
  };
}

/** A card of an agent at work, open, and the file that the agent prints to. */
async function atWork(house: House, page: Page): Promise<string> {
  house.begin({ ...FILES, '.crew/playbook.toml': WAITS });
  house.crew('task', 'add', 'stream');
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'in-progress, 1 card' }).waitFor();
  await page.getByRole('button', { name: /^#1 stream/ }).click();
  await page.getByRole('log', { name: /r2/ }).waitFor();
  return outputOf(house);
}

const print = (out: string) => (lines: string[]) => {
  appendFileSync(out, lines.map((text) => `${JSON.stringify({ type: 'text', text })}\n`).join(''));
};

test('from an event to pixels', async ({ page, house, browser }) => {
  const out = await atWork(house, page);
  const here = await streamed(page, LATENCY_SECONDS, print(out));
  await page.close();

  const bare = new Bare();
  const plain = await browser.newPage();
  await plain.goto(await bare.begin());
  const raw = await streamed(plain, LATENCY_SECONDS, (lines) => bare.say(lines));
  await plain.close();
  await bare.end();

  const ms = (value: number) => `${number(value)} ms`;
  sections.push({
    title: 'The face: from an event to pixels',
    how: `An agent prints ${RATE.toLocaleString('en-US')} events in a second for ${LATENCY_SECONDS} s, ${WORDS.length + 20} characters each, and its card is open in
Chromium. Measured is the time from the write of the line until it is on the screen, as the browser says it (element timing, in steps of
4 ms): the file, the daemon, the keys taken out, the WebSocket, Markdown, layout and paint are between. Raw: a page that appends the same lines
to a list of 80, sent by a server that does nothing else, in the same browser. Where there are two cores and no graphics card,
what draws the page by software, the page, the daemon and the agent wait for each other: most of what is more than raw is that.`,
    rows: [
      { what: 'event to pixels, p50', here: ms(here.p50), raw: ms(raw.p50) },
      { what: 'event to pixels, p99', here: ms(here.p99), raw: ms(raw.p99), aim: { text: '< 50 ms', met: here.p99 < 50 } },
      { what: 'events taken in', here: `${number(here.got)}/s`, raw: `${number(raw.got)}/s`, aim: { text: `${RATE}/s`, met: here.got > RATE * 0.98 } },
      { what: 'the page, of one core', here: `${number(here.busy * 100)} %`, raw: `${number(raw.busy * 100)} %` },
      { what: 'time between two frames, p99', here: ms(here.frame), raw: ms(raw.frame) },
    ],
  });
});

test('while nothing is said', async ({ house }) => {
  house.begin({ ...FILES, '.crew/playbook.toml': WAITS });
  house.crew('task', 'add', 'stream');
  const profile = join(house.dir, 'chromium');
  const context = await chromium.launchPersistentContext(profile, base.info().project.use.launchOptions);
  const page = context.pages()[0] ?? (await context.newPage());
  const taken = async () => {
    await pause(4_000);
    return share(() => [...new Set(named(profile).flatMap((pid) => tree(pid)))], 15_000);
  };
  const bare = new Bare();
  await page.goto(await bare.begin());
  const raw = await taken();
  await page.goto(house.address());
  await page.getByText('stream').first().waitFor();
  const places = { 'Mission Control': '/', 'the board': '/board', 'the card': '/task/1' };
  const rows: Row[] = [];
  for (const [what, path] of Object.entries(places)) {
    await page.goto(new URL(path, page.url()).href);
    await page.getByText('stream').first().waitFor();
    const here = await taken();
    rows.push({ what: `${what}, all processes of the browser, of one core`, here: `${number(here)} %`, raw: `${number(raw)} %`, aim: { text: '< 5 %', met: here < 5 } });
  }
  await context.close();
  await bare.end();
  sections.push({ title: 'The face: while nothing is said', how: 'An agent is at work and says nothing for 15 s. Nothing on the page moves by itself. Raw: the bare page, to which nothing is added.', rows });
});

async function heapAfter(page: Page, say: (lines: string[]) => void): Promise<{ before: number; after: number }> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  await talk(10, say); // what is kept at most is there after this
  const collected = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    return (await busy(cdp)).heap;
  };
  const before = await collected();
  await talk(STREAM_SECONDS, say);
  await pause(1_000);
  return { before, after: await collected() };
}

test('memory of the page while it streams', async ({ page, house, browser }) => {
  const out = await atWork(house, page);
  const here = await heapAfter(page, print(out));
  await page.close();
  const bare = new Bare();
  const plain = await browser.newPage();
  await plain.goto(await bare.begin());
  const raw = await heapAfter(plain, (lines) => bare.say(lines));
  await bare.end();
  const mib = ({ before, after }: { before: number; after: number }) => `${number(before)} MiB, ${after < before ? '' : '+'}${number(after - before)}`;
  sections.push({
    title: 'The face: memory while it streams',
    how: `The same stream goes on for ${STREAM_SECONDS} s; what the scripts of the page hold after a collection, before and after. Raw: the bare page.`,
    rows: [{ what: 'held, and growth', here: mib(here), raw: mib(raw), aim: { text: 'growth < 50 MiB', met: here.after - here.before < 50 } }],
  });
});

/** What scrolling comes to, with 60 frames in a second at most. */
function smooth(frames: readonly number[]): { shown: string; met: boolean } {
  const median = percentile(frames, 0.5);
  const late = frames.filter((gap) => gap > 25).length;
  return { shown: `${number(median)} ms, ${late} of ${frames.length} late`, met: median <= 17 };
}

test('long cards and full boards', async ({ page, house }) => {
  const card = await longCard(page, house);
  const times: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    if (n > 0) await page.keyboard.press('Escape');
    times.push(await painted(card, `word ${EVENTS - 1} of many`));
  }
  const paint = percentile(times, 0.5);
  const transcript = smooth(await scrolled(page.getByRole('log'), -60));

  const other = new House();
  mkdirSync(other.repo, { recursive: true });
  try {
    await fullBoard(page, other);
    const board = await painted(page.getByRole('link', { name: 'Board' }), 'Task number 20');
    const columns = smooth(await scrolled(page.locator('section .cards').first(), 120));
    sections.push({
      title: 'The face: long cards and full boards',
      how: `From a click to the end of the frame in which it is drawn, and the time between two frames while it is scrolled, the median of 90;
late is one that comes after more than 25 ms. The card has ${EVENTS.toLocaleString('en-US')} events and an output of 10 MB, the board ${CARDS.toLocaleString('en-US')} cards.`,
      rows: [
        { what: 'the card, from the click to its end', here: `${number(paint)} ms`, raw: '–', aim: { text: '< 300 ms', met: paint < 300 } },
        { what: 'the card, scrolled', here: transcript.shown, raw: '–', aim: { text: 'no frame dropped at the median', met: transcript.met } },
        { what: 'the board, from the click to its cards', here: `${number(board)} ms`, raw: '–' },
        { what: 'the board, scrolled', here: columns.shown, raw: '–', aim: { text: 'no frame dropped at the median', met: columns.met } },
      ],
    });
  } finally {
    other.end();
  }
});

/** The median of some rounds, each with a browser of its own. */
async function starts(address: () => string, ready: (page: Page) => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const fresh: Browser = await chromium.launch(base.info().project.use.launchOptions);
    const page = await fresh.newPage();
    const begin = Date.now();
    await page.goto(address(), { waitUntil: 'commit' });
    await ready(page);
    times.push(Date.now() - begin);
    await fresh.close();
  }
  return percentile(times, 0.5);
}

test('from the start to the first useful paint', async ({ page, house }) => {
  house.begin({ ...FILES, '.crew/playbook.toml': WAITS });
  house.crew('task', 'add', 'stream');
  await enter(page, house, '/board');
  await page.getByRole('region', { name: 'in-progress, 1 card' }).waitFor();
  const here = await starts(
    () => house.address().replace('/#', '/board#'),
    (at) => at.getByRole('button', { name: /^#1 stream/ }).waitFor(),
  );
  const bare = new Bare();
  const address = await bare.begin();
  const raw = await starts(() => address, (at) => at.getByRole('log').waitFor({ state: 'attached' }));
  await bare.end();
  const rows: Row[] = [{ what: 'the board in Chromium, from the request to the card', here: `${number(here)} ms`, raw: `${number(raw)} ms` }];
  sections.push({ title: 'The face: start', how: 'A browser that was just started opens the board of a project with a task at work; the median of 5. Raw: it opens the bare page.', rows });
});

test('what the window takes', async ({ house, browser }) => {
  await browser.close(); // two Chromiums share what each is then said to take half of
  const chromiumPath = base.info().project.use.launchOptions?.executablePath;
  test.skip(!existsSync(binary) || chromiumPath === undefined, `there is no ${binary}, or no Chromium of the system`);
  house.begin({ ...FILES, '.crew/playbook.toml': WAITS });
  house.crew('task', 'add', 'stream');
  const desktop = new Desktop();
  const window = new Window();
  await desktop.begin(house.env);
  try {
    const begin = Date.now();
    await window.open(desktop, binary);
    await window.sees('stream');
    const start = Date.now() - begin;
    await pause(4_000);
    // WebKit's processes are children of the driver's, not of the window's: they are found by what they belong to.
    const memory = (part: string) => pss([...new Set(named(part).flatMap((pid) => tree(pid)))]);
    const here = memory(binary);
    const profile = join(house.dir, 'chromium');
    const begun = Date.now();
    const flags = ['--no-first-run', '--password-store=basic', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath ?? '',
      headless: false,
      env: desktop.env,
      args: [...flags, `--app=${house.address()}`],
    });
    const page = context.pages()[0] ?? (await context.newPage());
    if (!page.url().startsWith('http')) await page.goto(house.address());
    await page.getByText('stream').first().waitFor();
    const rawStart = Date.now() - begun;
    await pause(4_000);
    const raw = memory(profile);

    const out = print(await outputOf(house));
    await window.run("location.assign('/task/1')");
    await window.sees('r2');
    await page.goto(new URL('/task/1', page.url()).href);
    await page.getByRole('log', { name: /r2/ }).waitFor();
    await talk(WINDOW_SECONDS, out, WINDOW_RATE);
    await pause(4_000);
    const [hereAfter, rawAfter] = [memory(binary), memory(profile)];
    await window.end();
    await context.close();
    sections.push({
      title: 'The face: the desktop window',
      how: `Mission Control with an agent at work, on a virtual screen without a graphics card; PSS of all processes, the daemon apart. Raw: Chromium, \`--app\`,
with the same page. Then both have the card open and are sent the same stream, ${WINDOW_RATE.toLocaleString('en-US')} events in a second.`,
      rows: [
        { what: 'memory, window and web processes', here: `${number(here)} MiB`, raw: `${number(raw)} MiB`, aim: { text: 'less than Chromium', met: here < raw } },
        { what: `the same, after the card streamed for ${WINDOW_SECONDS.toLocaleString('en-US')} s`, here: `${number(hereAfter)} MiB`, raw: `${number(rawAfter)} MiB`, aim: { text: 'less than Chromium', met: hereAfter < rawAfter } },
        { what: 'from the start, driven, to what the agents do', here: `${number(start)} ms`, raw: `${number(rawStart)} ms` },
        ...sizes(),
      ],
    });
  } finally {
    await window.end().catch(() => undefined);
    await desktop.end();
  }
});

function sizes(): Row[] {
  const mib = (bytes: number) => bytes / 2 ** 20;
  const ours = mib(statSync(binary).size + statSync(program).size);
  let chromiumSize = Number.NaN;
  try {
    chromiumSize = Number(execFileSync('dpkg-query', ['-W', '-f', '${Installed-Size}', 'chromium'], { encoding: 'utf8' })) / 1024;
  } catch {
    // Not a package here.
  }
  return [{ what: 'installed: window and `crew`', here: `${number(ours)} MiB`, raw: `${number(chromiumSize)} MiB`, aim: { text: 'less than Chromium', met: ours < chromiumSize } }];
}

test.afterAll(() => {
  console.log(document(sections));
  const all = process.env.WRITE === '1';
  if (all) write(join(root, 'docs/benchmarks.md'), sections);
});
