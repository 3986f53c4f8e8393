// What of a form was refused, so that the field that it is about can say it.

import { createContext } from 'svelte';
import { SvelteSet } from 'svelte/reactivity';
import type { Problem } from '$lib/api/client';

export class Refused {
  problem = $state.raw<Problem | null>(null);
  key = $state<string | null>(null);
  /** The fields that there are. */
  readonly fields = new SvelteSet<string>();

  /** Whether a field says it; otherwise it stands below all of them. */
  readonly placed = $derived(this.key !== null && this.fields.has(this.key));
}

export const [getRefused, setRefused] = createContext<Refused>();
