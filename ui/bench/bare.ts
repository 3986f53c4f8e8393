// What the user interface is measured against: a page with no more than it takes to show the same
// lines, and a server that sends them as they come.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const PAGE = `<!doctype html><meta charset="utf-8"><title>bare</title>
<style>body{margin:0;font:13px sans-serif}#log{height:90vh;overflow:auto}</style>
<main id="log" role="log"></main>
<script>
  const log = document.getElementById('log');
  let waiting = [];
  new EventSource('/lines').onmessage = (event) => {
    waiting.push(event.data);
    if (waiting.length === 1) requestAnimationFrame(() => {
      for (const text of waiting) { const line = document.createElement('p'); line.textContent = text; log.append(line); }
      while (log.children.length > 80) log.firstChild.remove();
      waiting = [];
      log.scrollTop = log.scrollHeight;
    });
  };
</script>`;

export class Bare {
  readonly #listeners = new Set<ServerResponse>();
  readonly #server = createServer((request, answer) => {
    if (request.url !== '/lines') {
      answer.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
      return;
    }
    answer.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    answer.write(':\n\n');
    this.#listeners.add(answer);
    request.on('close', () => this.#listeners.delete(answer));
  });

  async begin(): Promise<string> {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  say(lines: readonly string[]) {
    const text = lines.map((line) => `data: ${line}\n\n`).join('');
    for (const listener of this.#listeners) listener.write(text);
  }

  async end() {
    for (const listener of this.#listeners) listener.end();
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}
