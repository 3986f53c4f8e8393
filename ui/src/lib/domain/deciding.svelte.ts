// Deciding about one thing: first the wish, then the second key that makes it so.

import type { InboxItem, Reach } from '$lib/api/types';
import type { App } from '$lib/state/app.svelte';
import { keyOf } from '$lib/state/keys';
import { nameOf } from '$lib/state/unsent.svelte';

export class Deciding {
  readonly #app: App;
  readonly #item: InboxItem;

  step = $state<'open' | 'sure' | 'changes' | 'always'>('open');
  text = $state('');

  constructor(app: App, item: InboxItem) {
    this.#app = app;
    this.#item = item;
  }

  static key = nameOf;

  reset() {
    this.step = 'open';
    this.text = '';
  }

  always() {
    if (this.remembers) this.step = 'always';
  }

  requestChanges() {
    if (this.#item.kind !== 'approval') return;
    this.step = 'changes';
    this.text = this.#app.typed.get<string>(this.#field) ?? this.text;
  }

  /** The name of what was typed about it. */
  get #field() {
    return `changes ${nameOf(this.#item)}`;
  }

  approve() {
    const { kind, task, commit } = this.#item;
    if (kind !== 'approval') return;
    if (this.step !== 'sure') {
      this.step = 'sure';
      return;
    }
    this.#app.unsent.take({
      item: this.#item,
      did: `#${task} approved`,
      not: `#${task} was not approved`,
      send: () => this.#app.client.approve(task, commit),
    });
    this.reset();
  }

  /** Sends it back, with what is to be changed. That is there again until it has arrived. */
  #sendBack(why: string) {
    const { task } = this.#item;
    const { typed, unsent, client } = this.#app;
    typed.keep(this.#field, why);
    unsent.take({
      item: this.#item,
      did: `Changes requested on #${task}`,
      not: `Changes were not requested on #${task}`,
      send: async () => {
        const receipt = await client.reject(task, why);
        typed.drop(this.#field);
        return receipt;
      },
      // Who has taken it back goes on writing; who was told later may be at something else.
      returned: (because) => because === 'undone' && this.requestChanges(),
    });
    this.reset();
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
    const { ask, task } = this.#item;
    if (ask === null) return;
    await this.#app.unsent.flush(task);
    await this.#app.notices.attempt(() => this.#app.client.answer(ask, text), 'Answered');
  }

  /** The answers that can be given for always: those to a request that is known exactly. */
  get remembers(): boolean {
    return this.#item.about !== null;
  }

  async answerAlways(text: 'allow' | 'deny', reach: Reach) {
    const { ask, task } = this.#item;
    if (ask === null || !this.remembers) return;
    await this.#app.unsent.flush(task);
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
      this.#sendBack(text);
      return;
    }
    await this.answer(text);
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
    if (key === 'a') this.approve();
    else if (key === 'r') this.requestChanges();
    else if (key === 'y') this.always();
    else if (this.resumes) void this.resume();
    else if (option !== undefined) void this.answer(option);
    return true;
  }
}
