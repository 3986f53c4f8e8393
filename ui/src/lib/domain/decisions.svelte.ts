// What is begun about each thing that waits stays while the list around it is told anew.

import type { InboxItem } from '$lib/api/types';
import type { App } from '$lib/state/app.svelte';
import { Deciding } from './deciding.svelte';

export class Decisions {
  readonly #app: App;
  readonly #known = new Map<string, Deciding>();

  constructor(app: App) {
    this.#app = app;
  }

  /** The same for the same thing. A commit that came meanwhile is another thing: nobody saw it. */
  of(item: InboxItem): Deciding {
    const key = Deciding.key(item);
    const known = this.#known.get(key) ?? new Deciding(this.#app, item);
    this.#known.set(key, known);
    return known;
  }
}
