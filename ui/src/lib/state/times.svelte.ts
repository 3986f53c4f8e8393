// When was said what a run's agent said. What it prints has no times; the journal has some.

import type { Client } from '$lib/api/client';

/** Not more often than this is asked for new ones. */
const PAUSE_MS = 1_000;

export class RunTimes {
  readonly #client: Client;
  readonly #run: number;
  /** By the place after the line. It only grows, and is looked up in: who shows an item reads the count. */
  readonly #known = new Map<string, number>();
  #count = $state(0);
  /** The place in the journal up to which it was read. */
  #after = 0;
  #reading = false;
  #wanted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #gone = false;

  constructor(client: Client, run: number) {
    this.#client = client;
    this.#run = run;
  }

  /** When the line was recorded that ends at this place of the log, if it was. */
  at(place: string): number | undefined {
    return this.#count === 0 ? undefined : this.#known.get(place);
  }

  /** Something may be new. */
  refresh() {
    this.#wanted = true;
    if (this.#reading || this.#timer !== undefined || this.#gone) return;
    void this.#read();
  }

  end() {
    this.#gone = true;
    clearTimeout(this.#timer);
  }

  async #read() {
    this.#reading = true;
    this.#wanted = false;
    try {
      let more = true;
      while (more && !this.#gone) {
        const found = await this.#client.times(this.#run, this.#after);
        for (const { at, time } of found.times) this.#known.set(at, time);
        this.#count = this.#known.size;
        this.#after = found.seq;
        more = found.more;
      }
    } catch {
      // Offline is said elsewhere. What comes next asks again.
    }
    this.#reading = false;
    if (!this.#gone) this.#timer = setTimeout(() => this.#rested(), PAUSE_MS);
  }

  #rested() {
    this.#timer = undefined;
    if (this.#wanted) void this.#read();
  }
}
