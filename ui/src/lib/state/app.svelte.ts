// What every screen shares. Made once, by the root layout.

import { createContext } from 'svelte';
import { Client } from '$lib/api/client';
import { Crew } from './crew.svelte';
import { Notices } from './notices.svelte';
import { Preferences } from './preferences.svelte';

export type Overlay =
  | { readonly kind: 'palette' }
  | { readonly kind: 'shortcuts' }
  | { readonly kind: 'new-project' }
  | { readonly kind: 'new-task'; readonly stage?: string }
  | { readonly kind: 'edit-task'; readonly task: number }
  | { readonly kind: 'edit-stage'; readonly stage: string }
  | { readonly kind: 'new-stage'; readonly after: string };

export class App {
  readonly crew: Crew;
  readonly notices = new Notices();
  readonly preferences = new Preferences();
  overlay = $state.raw<Overlay | null>(null);
  /** The task in the drawer. */
  drawer = $state<number | null>(null);

  constructor(token: string) {
    this.crew = new Crew(new Client(token));
  }

  get client() {
    return this.crew.client;
  }

  /** The project that is looked at, where one has to be. */
  readonly project = $derived.by(() => {
    const { projects } = this.crew;
    return projects.find((it) => it.id === this.preferences.project) ?? null;
  });

  /** Whether something of a project is looked at. */
  shows = (project: number) => this.project === null || this.project.id === project;

  readonly inbox = $derived.by(() => this.crew.inbox.filter((item) => this.shows(item.project)));

  openTask(id: number) {
    this.drawer = id;
  }
}

export const [getApp, setApp] = createContext<App>();
