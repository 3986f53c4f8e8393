// What an agent printed, line by line, while it prints it.

import type { Client } from '$lib/api/client';

/** So many lines are shown at first, and while the end is looked at. */
export const SHOWN = 2_000;

export class RawText {
  readonly #client: Client;
  readonly #run: number;
  readonly #stop = new AbortController();
  /** Only grows; who shows lines reads the count. */
  #lines: string[] = [];
  #rest = '';
  #waiting = '';
  #frame = 0;
  count = $state(0);
  /** From this line on all are shown. */
  begin = $state(0);
  /** Whether the end is looked at: what is far above is taken away then. */
  following = $state(true);
  state = $state<'reading' | 'over' | 'failed'>('reading');
  problem = $state<string | null>(null);

  constructor(client: Client, run: number) {
    this.#client = client;
    this.#run = run;
    void this.#read();
  }

  /** The lines that are shown, with their numbers. */
  readonly shown = $derived.by(() => {
    const lines = this.#lines.slice(this.begin, this.count);
    return lines.map((text, at) => ({ n: this.begin + at, text }));
  });

  end() {
    this.#stop.abort();
    cancelAnimationFrame(this.#frame);
  }

  /** From the beginning: it is kept here in no other form. */
  again() {
    this.#lines = [];
    this.#rest = '';
    this.#waiting = '';
    this.count = 0;
    this.begin = 0;
    this.problem = null;
    this.state = 'reading';
    void this.#read();
  }

  async #read() {
    const { signal } = this.#stop;
    try {
      await this.#client.raw(this.#run, (text) => this.#take(text), signal);
      // Its last line may have no end.
      if (this.#rest + this.#waiting !== '') this.#waiting += '\n';
      this.#flush();
      this.state = 'over';
    } catch (error) {
      if (signal.aborted) return;
      this.#flush();
      this.problem = error instanceof Error ? error.message : String(error);
      this.state = 'failed';
    }
  }

  #take(text: string) {
    this.#waiting += text;
    // Drawn once a frame, however much comes.
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#flush());
  }

  #flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.#waiting.includes('\n')) {
      this.#rest += this.#waiting;
      this.#waiting = '';
      return;
    }
    const lines = (this.#rest + this.#waiting).split('\n');
    this.#waiting = '';
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#lines.push(line);
    this.count = this.#lines.length;
    if (this.following) this.begin = Math.max(0, this.count - SHOWN);
  }
}
