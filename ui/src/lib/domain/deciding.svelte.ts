// Deciding about one thing: first the wish, then the second key that makes it so.

import type { InboxItem, Reach } from '$lib/api/types';
import type { App } from '$lib/state/app.svelte';
import { keyOf } from '$lib/state/keys';

export class Deciding {
  readonly #app: App;
  readonly #item: InboxItem;

  step = $state<'open' | 'sure' | 'changes' | 'always'>('open');
  text = $state('');

  constructor(app: App, item: InboxItem) {
    this.#app = app;
    this.#item = item;
  }

  /** Names what waits: the same after the list was read again. */
  static key(item: InboxItem): string {
    return item.ask === null ? `${item.kind} ${item.task} ${item.commit}` : `ask ${item.ask}`;
  }

  reset() {
    this.step = 'open';
    this.text = '';
  }

  always() {
    if (this.remembers) this.step = 'always';
  }

  requestChanges() {
    if (this.#item.kind === 'approval') this.step = 'changes';
  }

  async approve() {
    const { kind, task, commit } = this.#item;
    if (kind !== 'approval') return;
    if (this.step !== 'sure') {
      this.step = 'sure';
      return;
    }
    const done = await this.#app.notices.attempt(
      () => this.#app.client.approve(task, commit),
      `#${task} approved`,
    );
    if (!done) this.reset();
  }

  /** Whether it goes on when the human lets it. */
  get resumes(): boolean {
    return this.#item.kind === 'held' && (this.#app.crew.tasks.get(this.#item.task)?.paused ?? false);
  }

  async resume() {
    const { task } = this.#item;
    if (!this.resumes) return;
    await this.#app.notices.attempt(() => this.#app.client.resume(task), `#${task} goes on`);
  }

  async answer(text: string) {
    const { ask } = this.#item;
    if (ask === null) return;
    await this.#app.notices.attempt(() => this.#app.client.answer(ask, text), 'Answered');
  }

  /** The answers that can be given for always: those to a request that is known exactly. */
  get remembers(): boolean {
    return this.#item.about !== null;
  }

  async answerAlways(text: 'allow' | 'deny', reach: Reach) {
    const { ask } = this.#item;
    if (ask === null || !this.remembers) return;
    const done = await this.#app.notices.attempt(
      () => this.#app.client.answerAlways(ask, text, reach),
      'Answered, and remembered',
    );
    if (!done) this.reset();
  }

  /** What may be remembered, in the order of the buttons. */
  readonly #lasting = [
    () => this.answerAlways('allow', 'task'),
    () => this.answerAlways('allow', 'role'),
    () => this.answerAlways('deny', 'role'),
  ];

  async send() {
    const text = this.text.trim();
    if (text === '') return;
    if (this.step === 'changes') {
      const { task } = this.#item;
      await this.#app.notices.attempt(
        () => this.#app.client.reject(task, text),
        `Changes requested on #${task}`,
      );
    } else {
      await this.answer(text);
    }
    this.reset();
  }

  typing = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void this.send();
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      event.preventDefault();
      this.reset();
      (event.target as HTMLElement).blur();
    }
  };

  /** Whether a key means something here. */
  has(key: string): boolean {
    if (this.#item.kind === 'approval') return key === 'a' || key === 'r';
    if (this.#item.kind === 'held') return key === '1' && this.resumes;
    if (this.step === 'always') return this.#lasting[Number(key) - 1] !== undefined;
    return (key === 'y' && this.remembers) || this.#item.options[Number(key) - 1] !== undefined;
  }

  /** One key each. True if the key was meant for it. One that is held down is pressed once: nothing is confirmed by it. */
  press(event: KeyboardEvent): boolean {
    const key = keyOf(event);
    if (!this.has(key)) return false;
    if (event.repeat) return true;
    const lasting = this.step === 'always' ? this.#lasting[Number(key) - 1] : undefined;
    if (lasting !== undefined) {
      void lasting();
      return true;
    }
    const option = this.#item.options[Number(key) - 1];
    if (key === 'a') void this.approve();
    else if (key === 'r') this.requestChanges();
    else if (key === 'y') this.always();
    else if (this.resumes) void this.resume();
    else if (option !== undefined) void this.answer(option);
    return true;
  }
}
