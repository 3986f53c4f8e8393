// A display, a bus and a window of a test's own, and the few words of WebDriver that it needs.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PATIENCE = 60_000;

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const bystander = process.env.BYSTANDER ?? join(root, 'target/debug/examples/bystander');

type Env = Record<string, string>;

export const pause = (ms: number) => new Promise((next) => setTimeout(next, ms));

/** Waits until something is so; the machine may be slow. */
export async function until<T>(what: string, look: () => Promise<T | null | undefined | false> | T | null | undefined | false): Promise<T> {
  const end = Date.now() + PATIENCE;
  let trouble: unknown;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found !== null && found !== undefined && found !== false) return found;
    } catch (error) {
      trouble = error;
    }
    await pause(100);
  }
  throw new Error(`in vain: ${what}`, { cause: trouble });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The first line that a program prints. */
async function firstLine(child: ChildProcess, stream: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface(stream);
  return new Promise((line, failed) => {
    lines.once('line', line);
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`${child.spawnfile} ended: ${code}`)));
  });
}

/** A screen with a window manager, and a session's bus. */
export class Desktop {
  readonly #children: ChildProcess[] = [];
  env: Env = {};

  async begin(env: Env) {
    const xvfb = this.#start('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], env, 'pipe');
    const display = await firstLine(xvfb, xvfb.stdout as NodeJS.ReadableStream);
    const bus = this.#start('dbus-daemon', ['--session', '--nofork', '--print-address=1'], env, 'pipe');
    const address = await firstLine(bus, bus.stdout as NodeJS.ReadableStream);
    this.env = { ...env, DISPLAY: `:${display}`, DBUS_SESSION_BUS_ADDRESS: address, NO_AT_BRIDGE: '1' };
    this.#start('openbox', ['--sm-disable'], this.env, 'ignore');
    await until('a window manager', () => this.run('wmctrl', ['-m']).status === 0);
  }

  #start(program: string, args: string[], env: Env, stdout: 'pipe' | 'ignore'): ChildProcess {
    const child = spawn(program, args, { env, stdio: ['ignore', stdout, 'ignore'] });
    this.#children.push(child);
    return child;
  }

  run(program: string, args: string[]) {
    return spawnSync(program, args, { env: this.env, encoding: 'utf8', timeout: PATIENCE });
  }

  /** What is said on the bus, from now on. */
  listen(rule: string): () => string {
    const child = spawn('dbus-monitor', ['--session', rule], { env: this.env, stdio: ['ignore', 'pipe', 'ignore'] });
    this.#children.push(child);
    let heard = '';
    child.stdout.on('data', (text: Buffer) => (heard += text.toString()));
    return () => heard;
  }

  /** Who shows notifications and trays, and clicks on what it is asked to show; and what that is. */
  async bystander(): Promise<() => string> {
    const child = this.#start(bystander, ['click'], this.env, 'pipe');
    let heard = '';
    child.stdout?.on('data', (text: Buffer) => (heard += text.toString()));
    await until('a bystander', () => heard.includes('ready'));
    return () => heard;
  }

  /** The menu of the tray, as text; a click on one of its items, if one is named. */
  tray(heard: string, click?: string): string {
    const [, sender, path] = /tray (\S+) (\S+)/.exec(heard) ?? [];
    if (sender === undefined || path === undefined) return '';
    const call = (method: string, ...args: string[]) =>
      this.run('dbus-send', ['--session', '--print-reply', `--dest=${sender}`, `${path}/Menu`, `com.canonical.dbusmenu.${method}`, ...args]).stdout;
    const layout = call('GetLayout', 'int32:0', 'int32:-1', 'array:string:');
    if (click !== undefined) {
      const before = layout.slice(0, layout.indexOf(`"${click}"`));
      const id = [...before.matchAll(/struct \{\s+int32 (\d+)/g)].at(-1)?.[1];
      call('Event', `int32:${id}`, 'string:clicked', 'variant:int32:0', 'uint32:0');
    }
    return layout;
  }

  /** The titles of the windows on the screen. */
  windows(): string[] {
    const lines = this.run('wmctrl', ['-l']).stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => line.split(/\s+/).slice(3).join(' '));
  }

  /** Closes the window as a click on its cross does. */
  close() {
    this.run('wmctrl', ['-c', 'Crewhouse']);
  }

  /** The whole screen, as a picture. */
  shoot(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.run('import', ['-window', 'root', path]);
  }

  /** The window with its frame, as a picture. */
  shootWindow(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.run('import', ['-frame', '-window', 'Crewhouse', path]);
  }

  async end() {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = new Promise((exit) => child.once('exit', exit));
      child.kill();
      await gone;
    }
  }
}

/** The program, started and driven by WebKit's own driver. */
export class Window {
  #driver: ChildProcess | null = null;
  #base = '';

  async open(desktop: Desktop, binary: string, args: string[] = []) {
    const port = await freePort();
    const env = { ...desktop.env, TAURI_WEBVIEW_AUTOMATION: 'true' };
    this.#driver = spawn('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], { env, stdio: 'ignore' });
    this.#base = `http://127.0.0.1:${port}`;
    await until('WebKitWebDriver', async () => (await fetch(`${this.#base}/status`)).ok);
    const options = { binary, args };
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': options } };
    const session = (await this.#send('POST', '/session', { capabilities })) as { sessionId: string };
    this.#base += `/session/${session.sessionId}`;
  }

  async #send(method: string, path: string, body?: unknown): Promise<unknown> {
    const sent = body === undefined ? null : JSON.stringify(body);
    const answer = await fetch(this.#base + path, { method, body: sent, signal: AbortSignal.timeout(PATIENCE) });
    const { value } = (await answer.json()) as { value: unknown };
    if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`);
    return value;
  }

  /** Runs a function body in the page. */
  async run<T>(script: string, ...args: unknown[]): Promise<T> {
    return (await this.#send('POST', '/execute/sync', { script, args })) as T;
  }

  async url(): Promise<URL> {
    return new URL((await this.#send('GET', '/url')) as string);
  }

  async text(): Promise<string> {
    return this.run<string>('return document.body.innerText');
  }

  async sees(text: string) {
    await until(`the window shows "${text}"`, async () => (await this.text()).includes(text));
  }

  /** The element with this role or tag and these words in it, as soon as it is there. */
  async #find(xpath: string): Promise<string> {
    return until(xpath, async () => {
      const found = (await this.#send('POST', '/elements', { using: 'xpath', value: xpath })) as Record<string, string>[];
      return found.map((element) => Object.values(element)[0]).at(0);
    });
  }

  async click(xpath: string) {
    await until(`a click on ${xpath}`, async () => {
      await this.#send('POST', `/element/${await this.#find(xpath)}/click`, {});
      return true;
    });
  }

  async fill(label: string, text: string) {
    const element = await this.#find(`//*[@id=//label[contains(., '${label}')]/@for] | //label[contains(., '${label}')]//*[self::input or self::textarea]`);
    await this.#send('POST', `/element/${element}/value`, { text });
  }

  /** Presses keys one after the other. */
  async press(...keys: string[]) {
    const actions = keys.flatMap((value) => [
      { type: 'keyDown', value },
      { type: 'keyUp', value },
    ]);
    await this.#send('POST', '/actions', { actions: [{ type: 'key', id: 'keys', actions }] });
  }

  async minimize() {
    await this.#send('POST', '/window/minimize', {});
  }

  /** Writes what the page shows; the whole of it is in there, whatever lies above the window. */
  async shoot(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.from((await this.#send('GET', '/screenshot')) as string, 'base64'));
  }

  /** Ends the program, if it is still there, and its driver. */
  async end() {
    const driver = this.#driver;
    this.#driver = null;
    if (driver === null || driver.exitCode !== null || driver.signalCode !== null) return;
    await this.#send('DELETE', '').catch(() => undefined); // the program may be gone already
    const gone = new Promise((exit) => driver.once('exit', exit));
    driver.kill();
    await gone;
  }
}
