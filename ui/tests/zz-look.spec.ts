import { readFileSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { enter, House, test, visit } from './house';

const site = resolve('dist/site');
const assets = resolve('../crates/cli/assets');
const TYPES: Record<string, string> = { js: 'text/javascript', css: 'text/css', html: 'text/html', svg: 'image/svg+xml', woff2: 'font/woff2', json: 'application/json' };

async function own(page: Page) {
  if (process.env.OWN === undefined) return;
  await page.addInitScript(() => {
    const patch = (it: unknown): unknown => {
      if (Array.isArray(it)) it.forEach(patch);
      else if (it !== null && typeof it === 'object') {
        const o = it as Record<string, unknown>;
        Object.values(o).forEach(patch);
        if ('criteria_total' in o && !('checks' in o)) {
          const n = Number(o.id);
          const check = (kind: string, name: string, state: string) => ({ kind, name, state, stage: 's', commit: null, at: 1e12, run: null });
          o.checks = n % 3 === 0 ? [] : [check('check', 'sh test.sh', n % 2 ? 'passed' : 'failed'), check('verdict', 'tester', n % 2 ? 'running' : 'ahead'), check('approval', 'human', n % 4 ? 'ahead' : 'waits')];
          if (n % 2) { o.issue = 12; o.issue_url = 'https://github.com/a/b/issues/12'; o.pull = 31; o.pull_url = 'https://github.com/a/b/pull/31'; }
        }
      }
      return it;
    };
    const json = Response.prototype.json;
    Response.prototype.json = async function () { return patch(await json.call(this)); };
    const parse = JSON.parse;
    JSON.parse = (...a: [string]) => patch(parse(...a)) as never;
  });
  await page.route('**/*', async (route) => {
    const url = new URL(route.request().url());
    if (url.pathname.startsWith('/api')) return route.continue();
    let path = join(site, url.pathname);
    if (url.pathname === '/' || !existsSync(path) || !/\.\w+$/.test(path)) path = join(site, 'index.html');
    await route.fulfill({ body: readFileSync(path), contentType: TYPES[path.split('.').at(-1) ?? ''] ?? 'text/plain' });
  });
}

const SIZES = { wide: [1440, 900], mid: [1024, 768], phone: [390, 844] } as const;
async function everywhere(page: Page, name: string, which: [string, keyof typeof SIZES][] = [['dark', 'wide'], ['light', 'mid'], ['light', 'phone']]) {
  for (const [theme, size] of which) {
    const [width, height] = SIZES[size];
    await page.setViewportSize({ width, height });
    await page.evaluate((it) => (document.documentElement.dataset.theme = it), theme);
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(process.env.CREW_SHOTS ?? '/tmp', `${name}-${theme}-${size}.png`) });
  }
}
function demo(house: House) {
  const read = (path: string) => readFileSync(join(assets, path), 'utf8');
  const files = ['README.md', 'bill', 'march.csv', 'test.sh'].map((name) => [name, read(`demo/repo/${name}`)]);
  house.begin({ ...Object.fromEntries(files), '.crew/team.toml': read('demo/team.toml'), '.crew/playbook.toml': read('demo/playbook.toml') });
}

test('look', async ({ page, house }) => {
  test.setTimeout(400_000);
  await own(page);
  demo(house);
  const titles = ['Round amounts to the cent instead of cutting them', 'Show the bill by project', 'Refuse a timesheet with a broken line', 'A title of three hundred characters goes on and on, '.repeat(6).slice(0, 300), '請求書を案件ごとに表示する、そして合計を最後の行に書く'];
  for (const title of titles) house.crew('task', 'add', title, '--criterion', 'the tests pass');
  await enter(page, house, '/');
  await page.getByText('Question', { exact: true }).first().waitFor({ timeout: 60_000 });
  await page.waitForTimeout(3_000);
  await everywhere(page, 'mission');
  for (const room of ['board', 'inbox', 'review', 'costs', 'team', 'settings']) {
    await visit(page, `/${room}`);
    await page.waitForTimeout(800);
    await everywhere(page, room);
  }
  await visit(page, '/task/1');
  await page.waitForTimeout(1_000);
  await everywhere(page, 'task');
  await page.getByRole('tab', { name: /^Task/ }).click();
  await everywhere(page, 'about', [['light', 'mid'], ['dark', 'phone']]);
  await visit(page, '/board');
  await page.keyboard.press('Control+k');
  await page.waitForTimeout(300);
  await page.keyboard.type('round');
  await page.waitForTimeout(1_500);
  await everywhere(page, 'palette');
  await page.keyboard.press('Escape');
  if (process.env.OWN === undefined) {
    await visit(page, '/team');
    await page.getByRole('button', { name: /^Edit provider/ }).first().click();
    await page.waitForTimeout(300);
    await everywhere(page, 'provider');
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole('button', { name: /^Edit/ }).nth(3).click();
    await page.waitForTimeout(300);
    await everywhere(page, 'stage');
  }
});
