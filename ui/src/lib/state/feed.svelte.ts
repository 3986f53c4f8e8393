// What happened, as lines for people: the end of the journal, what comes, and as much of what came before as is asked for.

import { Problem, type Client } from '$lib/api/client';
import type { JournalEntry } from '$lib/api/types';
import { feedLines, type FeedLine } from '$lib/format/feed';

/** Lines that are kept. Where there are more, the oldest go, and what was before them is not read again. */
export const LINES_MAX = 5_000;
/** Entries that are asked for at once. */
export const PORTION = 500;
/** So many portions are read before one has to ask again: most entries of a long night may be of another kind. */
export const PORTIONS_MAX = 10;
/** More than fits on a screen. */
export const ENOUGH = 40;

export class Feed {
  readonly #client: Client;
  /** The first entry that was read; 0 before there is one. */
  #first = $state(0);
  #last = 0;

  /** The newest last. */
  lines = $state.raw<readonly FeedLine[]>([]);
  /** From when on the journal was read. */
  since = $state<number | null>(null);
  /** Whether lines went, because they were too many. */
  full = $state(false);
  loading = $state(false);
  problem = $state.raw<Problem | null>(null);

  constructor(client: Client) {
    this.#client = client;
  }

  readonly hasEarlier = $derived(this.#first > 1 && !this.full);

  /** What came; what was taken before is not taken again. */
  take(entries: readonly JournalEntry[]) {
    const fresh = entries.filter((entry) => entry.seq > this.#last);
    const [first, last] = [fresh[0], fresh.at(-1)];
    if (first === undefined || last === undefined) return;
    const isAnew = this.#last === 0;
    if (isAnew) {
      this.#first = first.seq;
      this.since = first.at;
      this.full = false;
    }
    this.#last = last.seq;
    this.#keep([...(isAnew ? [] : this.lines), ...fresh.flatMap(feedLines)]);
  }

  /** Something is missing: what is taken next takes the place of all of it. */
  restart() {
    this.#first = 0;
    this.#last = 0;
  }

  /** Reads what came before, until there is a screenful of what is wanted. Gives how much of that was found. */
  async earlier(wanted: (line: FeedLine) => boolean): Promise<number> {
    if (this.loading) return 0;
    this.loading = true;
    this.problem = null;
    let found = 0;
    try {
      for (let n = 0; n < PORTIONS_MAX && found < ENOUGH && this.hasEarlier; n += 1) {
        found += (await this.#portion()).filter(wanted).length;
      }
    } catch (error) {
      this.problem = Problem.of(error);
    } finally {
      this.loading = false;
    }
    return found;
  }

  async #portion(): Promise<readonly FeedLine[]> {
    const first = this.#first;
    const limit = Math.min(PORTION, first - 1);
    const { entries } = await this.#client.journal(first - 1 - limit, limit);
    // It was read anew meanwhile.
    if (first !== this.#first) return [];
    this.#first = first - limit;
    this.since = entries[0]?.at ?? this.since;
    const lines = entries.flatMap(feedLines);
    this.#keep([...lines, ...this.lines]);
    return lines;
  }

  #keep(lines: readonly FeedLine[]) {
    this.full ||= lines.length > LINES_MAX;
    this.lines = lines.slice(-LINES_MAX);
  }
}
