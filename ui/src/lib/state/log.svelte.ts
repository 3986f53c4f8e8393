// The log of one run, live: a window at its end that can be widened backwards.

import type { Client } from '$lib/api/client';
import type { LogLine, RunMessage } from '$lib/api/types';
import { Link, type LinkState } from './link';
import { extended, joined, type Item } from './transcript';

/** How much of the end is read at first, in bytes. */
const WINDOW = 150_000;
/** Items on the page at once; older ones can be asked for. */
const ITEMS_MAX = 4_000;
/** How much before a place that one wants to see is read, in bytes, and how many lines after it. */
const BEFORE = 60_000;
const AFTER = 300;

export class RunLog {
  readonly run: number;
  readonly #client: Client;
  #link: Link | null = null;
  #waiting: LogLine[] = [];
  #frame = 0;
  #from: string | null = null;
  #first: string | null = null;

  items = $state.raw<readonly Item[]>([]);
  connection = $state<LinkState>('connecting');
  ended = $state(false);
  loadingEarlier = $state(false);
  hasEarlier = $state(false);
  /** Whether there is more between what is shown and the end. */
  hasLater = $state(false);
  /** Why what came before or next could not be read. */
  problem = $state.raw<{ readonly part: 'earlier' | 'later'; readonly text: string } | null>(null);
  loadingLater = $state(false);
  #gone = false;

  /** The end of the log and what comes; with a place, what is around it. */
  constructor(client: Client, run: number, place: string | null = null) {
    this.#client = client;
    this.run = run;
    if (place === null) this.#listen();
    else void this.#around(place);
  }

  end() {
    this.#gone = true;
    this.#link?.end();
    cancelAnimationFrame(this.#frame);
  }

  #listen() {
    if (this.#gone) return;
    this.#link = new Link({
      open: async () => {
        if (this.ended) return null;
        const query = this.#from === null ? { last: WINDOW } : { from: this.#from };
        return this.#client.socket(`/runs/${this.run}/events`, query);
      },
      message: (text) => this.#take(JSON.parse(text) as RunMessage),
      state: (state) => (this.connection = state),
    });
  }

  async #around(place: string) {
    try {
      const before = await this.#client.log(this.run, { until: place, last: BEFORE, short: 1 });
      this.#first = before[0]?.from ?? null;
      this.hasEarlier = this.#first !== null && this.#first !== '1:0';
      this.#from = before.at(-1)?.at ?? null;
      // Shown with what follows: who stood at an end that is none would be taken along by what comes.
      await this.#more(extended([], before));
    } catch {
      this.toEnd();
    }
  }

  /** Puts what came next behind what is shown; behind the last of it the log goes on as it comes. */
  async later() {
    if (this.loadingLater) return;
    this.loadingLater = true;
    try {
      await this.#more(this.items);
      this.problem = null;
    } catch (error) {
      this.#failed('later', error);
    } finally {
      this.loadingLater = false;
    }
  }

  #failed(part: 'earlier' | 'later', error: unknown) {
    if (!this.#gone) this.problem = { part, text: error instanceof Error ? error.message : String(error) };
  }

  async #more(items: readonly Item[]) {
    if (this.#from === null) return this.toEnd();
    const lines = await this.#client.log(this.run, { from: this.#from, lines: AFTER, short: 1 });
    if (this.#gone) return;
    this.#from = lines.at(-1)?.at ?? this.#from;
    this.items = extended(items, lines);
    this.hasLater = lines.length >= AFTER;
    if (!this.hasLater) this.#listen();
  }

  /** Leaves what is around a place, for the end. */
  toEnd() {
    this.#link?.end();
    this.items = [];
    this.#from = null;
    this.#first = null;
    this.hasLater = false;
    this.problem = null;
    this.#listen();
  }

  /** Puts what came before the window in front of it. */
  async earlier() {
    if (this.#first === null || this.loadingEarlier) return;
    this.loadingEarlier = true;
    try {
      const until = this.#first;
      // Where a start begins, the one before it ends; what it said is read from its beginning.
      const inside = !until.endsWith(':0');
      const lines = await this.#client.log(this.run, { until, short: 1, ...(inside ? { last: WINDOW } : {}) });
      this.#first = lines[0]?.from ?? until;
      this.items = joined(extended([], lines), this.items);
      this.hasEarlier = lines.length > 0 && this.#first !== '1:0';
      this.problem = null;
    } catch (error) {
      this.#failed('earlier', error);
    } finally {
      this.loadingEarlier = false;
    }
  }

  /** A line that was shortened, whole. */
  async whole(from: string): Promise<LogLine | undefined> {
    const lines = await this.#client.log(this.run, { from, lines: 1 });
    return lines[0];
  }

  #take(message: RunMessage) {
    if (message.type === 'end') {
      this.ended = true;
      this.#flush();
      return;
    }
    // What was only begun is told again from its beginning.
    this.#from = message.lines.findLast((line) => line.event.type !== 'partial')?.at ?? this.#from;
    this.#waiting.push(...message.lines);
    // Drawn once a frame, however much comes.
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#flush());
  }

  #flush() {
    this.#frame = 0;
    const lines = this.#waiting;
    this.#waiting = [];
    const first = lines[0];
    if (first === undefined) return;
    if (this.#first === null) {
      this.#first = first.from;
      this.hasEarlier = first.from !== '1:0';
    }
    const items = extended(this.items, lines);
    const surplus = items.length - ITEMS_MAX;
    if (surplus > 0) {
      items.splice(0, surplus);
      this.#first = items[0]?.from ?? this.#first;
      this.hasEarlier = true;
    }
    this.items = items;
  }
}
