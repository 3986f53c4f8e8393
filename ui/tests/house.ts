// A home of a test's own with a real daemon, a repository, and agents that play a playbook.

import { test as base, type Page } from '@playwright/test';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const program = process.env.CREW ?? join(root, 'target/debug/crew');

export interface Files {
  readonly [path: string]: string;
}

export class House {
  readonly dir = mkdtempSync(join(tmpdir(), 'crew-ui-'));
  repo = join(this.dir, 'shop');

  get home() {
    return join(this.dir, 'home');
  }

  /** Runs `crew`, in the repository. */
  crew(...args: string[]): string {
    return this.run(program, args);
  }

  git(...args: string[]): string {
    return this.run('git', args);
  }

  /** All that programs of this house get to know of the world. */
  get env(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      HOME: this.dir,
      CREWHOUSE_HOME: this.home,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'test',
      GIT_AUTHOR_EMAIL: 'test@localhost',
      GIT_COMMITTER_NAME: 'test',
      GIT_COMMITTER_EMAIL: 'test@localhost',
    };
  }

  private run(command: string, args: string[]): string {
    return execFileSync(command, args, { cwd: this.repo, env: this.env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** A repository with these files and a commit, under Crewhouse. */
  begin(files: Files) {
    this.repository(files);
    this.crew('init');
  }

  /** A repository with these files and a commit. */
  repository(files: Files) {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.repo, path)), { recursive: true });
      writeFileSync(join(this.repo, path), text);
    }
    this.git('init', '-q', '-b', 'main');
    this.git('add', '.');
    this.git('commit', '-q', '-m', 'start');
  }

  /** Another repository with these files, under the same Crewhouse. From now on it is the one that is meant. */
  beginAnother(name: string, files: Files) {
    this.repo = join(this.dir, name);
    mkdirSync(this.repo);
    this.begin(files);
  }

  address(): string {
    return (JSON.parse(this.crew('open', '--json')) as { url: string }).url;
  }

  pid(): number {
    return (JSON.parse(readFileSync(join(this.home, 'daemon.json'), 'utf8')) as { pid: number }).pid;
  }

  write(path: string, text: string) {
    writeFileSync(join(this.repo, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.repo, path), 'utf8');
  }

  /** Ends the daemon as a crash does. */
  kill() {
    process.kill(this.pid(), 'SIGKILL');
  }

  end() {
    spawnSync(program, ['estop'], { env: { PATH: process.env.PATH, CREWHOUSE_HOME: this.home }, stdio: 'ignore' });
    spawnSync(program, ['down'], { env: { PATH: process.env.PATH, CREWHOUSE_HOME: this.home }, stdio: 'ignore' });
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

export const test = base.extend<{ house: House; problems: string[] }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright wants the pattern
  house: async ({}, use) => {
    const house = new House();
    mkdirSync(house.repo, { recursive: true });
    await use(house);
    house.end();
  },
  // What the page complains about: a script that was refused, an error that nobody caught.
  problems: async ({ page }, use) => {
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('ERR_CONNECTION')) problems.push(message.text());
    });
    await use(problems);
  },
});

export { expect } from '@playwright/test';

/** While one works on it: CREW_SITE=dist/site takes the pages from there, not from the program. */
const site = process.env.CREW_SITE;

async function serve(page: Page, directory: string) {
  await page.context().route(
    (url) => !url.pathname.startsWith('/api'),
    (route) => {
      const file = join(directory, new URL(route.request().url()).pathname);
      return route.fulfill({ path: existsSync(file) && statSync(file).isFile() ? file : join(directory, 'index.html') });
    },
  );
}

/** Opens a room; the token goes with the first address only. */
export async function enter(page: Page, house: House, path = '/') {
  if (site !== undefined) await serve(page, site);
  const url = new URL(house.address());
  await page.goto(`${url.origin}${path}${url.hash}`);
  await page.getByLabel('Status').getByText('live', { exact: true }).waitFor();
}

/** Goes to another room by its address. */
export async function visit(page: Page, path: string) {
  await page.goto(new URL(path, page.url()).href);
}

/** Adds a task to the first project, without the time that a program takes to start. */
export async function add(page: Page, task: { title: string; depends_on?: number[] }) {
  const token = await page.evaluate(() => sessionStorage.getItem('crew.token'));
  const headers = { authorization: `Bearer ${token}` };
  const answer = await page.request.post(new URL('/api/tasks', page.url()).href, { data: { project: 1, ...task }, headers });
  if (!answer.ok()) throw new Error(await answer.text());
}

/** A pipeline of two roles and the human. */
export const TEAM = `
[limits]
agents = 24
run_minutes = 5
backoff_seconds = 1

[budget]
run_tokens = 100_000
run_usd = 0.50

[merge]
base = "main"

[providers.native]
kind = "native"
api = "playbook"
model = "playbook.toml"
agents = 24

[roles.pm]
provider = "native"

[roles.engineer]
provider = "native"
agents = 24

[[stages]]
name = "todo"
owner = "pm"
next = ["in-progress"]

[[stages]]
name = "in-progress"
owner = "engineer"
next = ["review"]
back = "todo"
visits = 6

[[stages]]
name = "review"
owner = "human"
gates = [{ human = true }]
next = ["done"]
back = "in-progress"
visits = 6

[[stages]]
name = "done"
mode = "end"
`;

/** The agents of the story: one asks, edits, and is told to do better; others stream. */
export const PLAYBOOK = `
[[scene]]
role = "pm"
[[scene.turn]]
delay_ms = 300
say = "A small thing, clear enough."
finish = "DONE: clear enough to be done"

[[scene]]
role = "engineer"
task = "greeting"
visit = 1
[[scene.turn]]
delay_ms = 300
think = "First I look at what is there."
say = "I read the file, then I *ask* which language it shall be."
tools = [{ name = "read", path = "greeting.txt" }, { name = "shell", command = "seq 1 400" }]
usage = { input = 3000, output = 90, cost_micros = 12000 }
[[scene.turn]]
ask = { text = "Which language?", options = ["German", "French"] }
[[scene.turn]]
delay_ms = 200
tools = [{ name = "edit", path = "greeting.txt", old = "hello", new = "hallo" }]
usage = { input = 400, output = 60, cost_micros = 4000 }
[[scene.turn]]
finish = "DONE: The greeting is {answer} now."

[[scene]]
role = "engineer"
task = "greeting"
visit = 2
[[scene.turn]]
tools = [{ name = "edit", path = "greeting.txt", old = "hallo", new = "Hallo" }]
[[scene.turn]]
finish = "DONE: With a capital letter."

[[scene]]
role = "engineer"
task = "stream"
${stream(25)}
[[scene.turn]]
finish = "ERROR: nothing to be done here, this is only a stream"

[[scene]]
role = "engineer"
task = "crowd"
${stream(300)}
[[scene.turn]]
finish = "DONE: the crowd goes home"

[[scene]]
role = "engineer"
[[scene.turn]]
delay_ms = 200
say = "There is nothing to do."
finish = "DONE: nothing to do"
`;

/** Turns that say their number, one after the other. */
function stream(turns: number): string {
  const turn = (n: number) =>
    `[[scene.turn]]\ndelay_ms = 300\nsay = "line ${n} of the stream"\ntools = [{ name = "shell", command = "echo ${n}" }]\n`;
  return Array.from({ length: turns }, (_, at) => turn(at + 1)).join('');
}

export const FILES: Files = {
  'greeting.txt': 'hello\n',
  '.crew/team.toml': TEAM,
  '.crew/playbook.toml': PLAYBOOK,
};
