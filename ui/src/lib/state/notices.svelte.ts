// Short messages about what was just done, or why it was not.

import { Problem } from '$lib/api/client';

export interface Notice {
  readonly id: number;
  readonly tone: 'ok' | 'bad';
  readonly text: string;
  readonly hint: string | null;
}

const STAYS_MS = { ok: 3_500, bad: 9_000 };

export class Notices {
  #next = 1;
  list = $state.raw<readonly Notice[]>([]);

  say(text: string) {
    this.#add('ok', text, null);
  }

  /** Does something, and says why if it does not work. True if it did. */
  async attempt(what: () => Promise<unknown>, done?: string): Promise<boolean> {
    try {
      await what();
      if (done !== undefined) this.say(done);
      return true;
    } catch (error) {
      const problem = error instanceof Problem ? error : null;
      this.#add('bad', error instanceof Error ? error.message : String(error), problem?.hint ?? null);
      return false;
    }
  }

  dismiss(id: number) {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  #add(tone: Notice['tone'], text: string, hint: string | null) {
    const id = this.#next++;
    this.list = [...this.list.slice(-3), { id, tone, text, hint }];
    setTimeout(() => this.dismiss(id), STAYS_MS[tone]);
  }
}
