// Short messages about what was just done, or why it was not.

import { Problem } from '$lib/api/client';

/** What can be done about it while it is shown. */
export interface Offer {
  readonly label: string;
  readonly keys: string;
  readonly act: () => void;
  /** It is pointed at, or has the focus. */
  readonly hold: (held: boolean) => void;
  /** Somebody wants it out of sight. */
  readonly closed: () => void;
}

export interface Notice {
  readonly id: number;
  readonly at: number;
  readonly tone: 'ok' | 'bad';
  readonly text: string;
  readonly hint: string | null;
  readonly offer: Offer | null;
}

const STAYS_MS = { ok: 3_500, bad: 9_000 };
/** Shown at once; those with an offer stay beside them. */
const SHOWN = 4;
/** Kept to be read later. */
export const KEPT = 200;

export class Notices {
  #next = 1;
  list = $state.raw<readonly Notice[]>([]);
  /** All of this session, the newest first. */
  history = $state.raw<readonly Notice[]>([]);
  #read = $state.raw<ReadonlySet<number>>(new Set());
  /** Went by without a sign that somebody has read them. */
  readonly unread = $derived(this.history.filter((notice) => !this.#read.has(notice.id)));

  say(text: string) {
    this.#add('ok', text);
  }

  /** Says why something did not work. */
  fail(error: unknown, what?: string) {
    const why = error instanceof Error ? error.message : String(error);
    this.#add('bad', what === undefined ? why : `${what}: ${why}`, error instanceof Problem ? error.hint : null);
  }

  /** Says something with a button. It stays until it is dismissed. */
  offer(text: string, offer: Offer): number {
    return this.#put('ok', text, null, offer);
  }

  /** Does something, and says why if it does not work. True if it did. */
  async attempt(what: () => Promise<unknown>, done?: string): Promise<boolean> {
    try {
      await what();
      if (done !== undefined) this.say(done);
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  dismiss(id: number) {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  /** The human has seen it. */
  close(notice: Notice) {
    this.dismiss(notice.id);
    this.#read = new Set([...this.#read, notice.id]);
    notice.offer?.closed();
  }

  /** All of it is in sight, and need not be shown twice. */
  readAll() {
    if (this.list.some((notice) => notice.offer === null)) this.list = this.list.filter((notice) => notice.offer !== null);
    if (this.unread.length > 0) this.#read = new Set(this.history.map((notice) => notice.id));
  }

  clear() {
    this.history = [];
    this.#read = new Set();
  }

  #add(tone: Notice['tone'], text: string, hint: string | null = null) {
    const id = this.#put(tone, text, hint, null);
    setTimeout(() => this.dismiss(id), STAYS_MS[tone]);
  }

  #put(tone: Notice['tone'], text: string, hint: string | null, offer: Offer | null): number {
    const id = this.#next++;
    const plain = this.list.filter((notice) => notice.offer === null).slice(1 - SHOWN);
    const notice = { id, at: Date.now(), tone, text, hint, offer };
    this.list = [...this.list.filter((it) => it.offer !== null || plain.includes(it)), notice];
    this.history = [notice, ...this.history].slice(0, KEPT);
    return id;
  }
}
