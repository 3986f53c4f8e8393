// Nothing outside of the dialog on top can be reached or heard. What has to be, whatever is open, is drawn in it.

import { createContext, type Snippet } from 'svelte';

export class Layers {
  /** What is drawn above all else. */
  readonly above: Snippet;
  #open = $state.raw<readonly symbol[]>([]);

  constructor(above: Snippet) {
    this.above = above;
  }

  /** The dialog on top; null where none is open. */
  get top(): symbol | null {
    return this.#open.at(-1) ?? null;
  }

  /** Puts a dialog on top. Returns how it goes again. */
  push(dialog: symbol): () => void {
    this.#open = [...this.#open, dialog];
    return () => (this.#open = this.#open.filter((it) => it !== dialog));
  }
}

export const [getLayers, setLayers] = createContext<Layers>();
