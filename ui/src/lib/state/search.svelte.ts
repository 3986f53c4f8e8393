// Searching while one types: the newest question counts, and what is still being read is asked for again.

import type { Client } from '$lib/api/client';
import type { Found } from '$lib/api/types';

/** Between two letters of somebody who types. */
const PAUSE_MS = 120;
/** Before what was not looked through yet is asked for. */
const AGAIN_MS = 150;
/** Fewer letters say nothing. */
const LETTERS_MIN = 2;

export class Search {
  readonly #client: Client;
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  found = $state.raw<readonly Found[]>([]);
  /** What the places were found for. */
  words = $state('');
  busy = $state(false);
  problem = $state<string | null>(null);

  constructor(client: Client) {
    this.#client = client;
  }

  ask(words: string, project: number | null) {
    clearTimeout(this.#timer);
    this.#asked += 1;
    const wanted = words.trim();
    if (wanted.length < LETTERS_MIN) {
      this.found = [];
      this.words = '';
      this.busy = false;
      return;
    }
    this.busy = true;
    const question = this.#asked;
    this.#timer = setTimeout(() => void this.#read(question, wanted, project), PAUSE_MS);
  }

  end() {
    clearTimeout(this.#timer);
    this.#asked += 1;
  }

  async #read(question: number, words: string, project: number | null) {
    try {
      const { found, behind } = await this.#client.search(words, project);
      if (question !== this.#asked) return;
      this.found = found;
      this.words = words;
      this.problem = null;
      this.busy = behind;
      if (behind) this.#timer = setTimeout(() => void this.#read(question, words, project), AGAIN_MS);
    } catch (error) {
      if (question !== this.#asked) return;
      this.busy = false;
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }
}
