// Decisions that are made and not sent yet: for a few seconds each can be taken back.

import type { InboxItem, Receipt } from '$lib/api/types';
import type { Notices } from './notices.svelte';

/** How long a decision can be taken back. */
export const UNDO_MS = 5_000;
/** As long as somebody is at the button. A pointer may have been left there. */
export const HELD_MS = 30_000;

export interface Decided {
  /** What it is about. */
  readonly item: InboxItem;
  /** `#3 approved` */
  readonly did: string;
  /** `#3 was not approved` */
  readonly not: string;
  readonly send: () => Promise<Receipt>;
  /** Told when it was taken back, or could not be sent. */
  readonly returned?: (why: 'undone' | 'failed') => void;
}

/** What is known of the daemon. */
interface Known {
  readonly ready: boolean;
  readonly seq: number;
  readonly inbox: readonly InboxItem[];
}

interface Entry {
  readonly key: string;
  readonly decided: Decided;
  readonly notice: number;
  /** While it can be taken back. */
  readonly timer: ReturnType<typeof setTimeout>;
  /** While it is on its way. */
  readonly sending: Promise<void> | null;
  /** Where the daemon took it into its journal. */
  readonly seq: number | null;
}

/** Whether a page may be taken away: not while something is on its way, and not before its human has seen something. */
export type Leave = 'go' | 'wait' | 'stay';

/** Names what waits: the same after the list was read again. */
export function nameOf(item: InboxItem): string {
  return item.ask === null ? `${item.kind} ${item.task} ${item.commit}` : `ask ${item.ask}`;
}

export class Unsent {
  readonly #known: Known;
  readonly #notices: Pick<Notices, 'offer' | 'dismiss' | 'say' | 'fail'>;
  /** As it is. What is drawn may still be told of what was before, while it is taken down. */
  #entries: readonly Entry[] = [];
  /** Whether something could not be sent since somebody wants to leave; null while nobody does. */
  #refused: boolean | null = null;
  /** The same as the entries, for what is drawn. */
  #seen = $state.raw<readonly Entry[]>([]);

  constructor(known: Known, notices: Pick<Notices, 'offer' | 'dismiss' | 'say' | 'fail'>) {
    this.#known = known;
    this.#notices = notices;
  }

  /** Whether it is decided, as one sees it: from the key that decided it until the daemon has told what came of it. */
  hides(item: InboxItem): boolean {
    const key = nameOf(item);
    return this.#seen.some((it) => it.key === key && (it.seq === null || this.#known.seq < it.seq));
  }

  take(decided: Decided) {
    const key = nameOf(decided.item);
    if (this.hides(decided.item)) return;
    void this.flush(decided.item.task);
    const notice = this.#notices.offer(decided.did, {
      label: 'Undo',
      keys: 'u',
      act: () => this.undo(key),
      hold: (held) => this.#hold(key, held),
      closed: () => void this.#send(key),
    });
    const entry = { key, decided, notice, timer: this.#timer(key), sending: null, seq: null };
    this.#set([...this.#entries.filter((it) => it.seq === null || this.#known.seq < it.seq), entry]);
  }

  /** Takes back the one that is named, or the newest. False if there is none. */
  undo(key = this.#open.at(-1)?.key): boolean {
    const entry = this.#open.find((it) => it.key === key);
    if (entry === undefined) return false;
    this.#drop(entry);
    this.#notices.say(this.#isGone(entry) ? gone(entry) : `Undone: #${entry.decided.item.task} waits for you again`);
    entry.decided.returned?.('undone');
    return true;
  }

  /** Sends what is not sent yet, of one task or of all. Over when the daemon has it. */
  async flush(task?: number): Promise<void> {
    const wanted = this.#entries.filter((it) => it.seq === null && (task === undefined || it.decided.item.task === task));
    await Promise.all(wanted.map((it) => this.#send(it.key)));
  }

  /** Whether the page may be taken away. Where something could not be sent it stays once: that has to be seen. */
  leave(): Leave {
    this.#refused ??= false;
    void this.flush();
    if (this.#entries.some((it) => it.seq === null)) return 'wait';
    const refused = this.#refused;
    this.#refused = null;
    return refused ? 'stay' : 'go';
  }

  get #open(): readonly Entry[] {
    return this.#entries.filter((it) => it.seq === null && it.sending === null);
  }

  #timer(key: string, after = UNDO_MS) {
    return setTimeout(() => void this.#send(key), after);
  }

  /** Nobody is hurried who is about to press the button. */
  #hold(key: string, held: boolean) {
    const entry = this.#open.find((it) => it.key === key);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    this.#put(entry, { timer: this.#timer(key, held ? HELD_MS : UNDO_MS) });
  }

  #send(key: string): Promise<void> {
    const entry = this.#entries.find((it) => it.key === key && it.seq === null);
    if (entry === undefined) return Promise.resolve();
    if (entry.sending !== null) return entry.sending;
    clearTimeout(entry.timer);
    this.#notices.dismiss(entry.notice);
    if (this.#isGone(entry)) {
      this.#drop(entry);
      this.#notices.say(gone(entry));
      return Promise.resolve();
    }
    const sending = this.#deliver(entry);
    this.#put(entry, { sending });
    return sending;
  }

  async #deliver(entry: Entry) {
    const { decided, key } = entry;
    try {
      const { seq } = await decided.send();
      this.#put(entry, { sending: null, seq });
    } catch (error) {
      this.#set(this.#entries.filter((it) => it.key !== key || it.seq !== null));
      this.#notices.fail(error, decided.not);
      if (this.#refused !== null) this.#refused = true;
      decided.returned?.('failed');
    }
  }

  /** Another window was first, or there is another commit now, which nobody has seen. */
  #isGone({ key }: Entry): boolean {
    const { ready, inbox } = this.#known;
    return ready && !inbox.some((item) => nameOf(item) === key);
  }

  #drop(entry: Entry) {
    clearTimeout(entry.timer);
    this.#notices.dismiss(entry.notice);
    this.#set(this.#entries.filter((it) => it.key !== entry.key || it.seq !== null));
  }

  #put({ key }: Entry, change: Partial<Entry>) {
    this.#set(this.#entries.map((it) => (it.key === key && it.seq === null ? { ...it, ...change } : it)));
  }

  #set(entries: readonly Entry[]) {
    this.#entries = entries;
    this.#seen = entries;
  }
}

const gone = ({ decided }: Entry) => `${decided.not} here: it was decided elsewhere, or its work has changed`;
