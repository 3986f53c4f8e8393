// What every screen shares. Made once, by the root layout.

import { createContext } from 'svelte';
import { Client } from '$lib/api/client';
import type { Saved } from '$lib/format/trash';
import { attention } from './attention';
import { Crew } from './crew.svelte';
import type { Wanted } from './handover';
import { TeamFiles, type FileDraft } from './files.svelte';
import { Notices } from './notices.svelte';
import { Preferences } from './preferences.svelte';
import { Trash } from './trash.svelte';
import { Typed } from './typed';
import { Unsent, type Leave } from './unsent.svelte';

export type Overlay =
  | { readonly kind: 'palette'; readonly words?: boolean }
  | { readonly kind: 'shortcuts' }
  | { readonly kind: 'notices' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'new-project' }
  | { readonly kind: 'question'; readonly task: number }
  | { readonly kind: 'hand-over'; readonly task: number; readonly wanted: Wanted }
  | { readonly kind: 'pin'; readonly task: number }
  | { readonly kind: 'restore'; readonly item: Saved }
  | { readonly kind: 'give-up'; readonly task: number }
  | { readonly kind: 'new-task'; readonly stage?: string }
  | { readonly kind: 'edit-task'; readonly task: number }
  | { readonly kind: 'edit-provider'; readonly provider: string | null }
  | { readonly kind: 'edit-role'; readonly role: string | null }
  | { readonly kind: 'edit-stage'; readonly stage: string }
  | { readonly kind: 'new-stage'; readonly after: string };

/** What of a task one wants to see. */
export interface Aim {
  readonly task: number;
  /** What this run said: at a place of its log, or where it went wrong. */
  readonly run?: number | null;
  readonly place?: string | 'trouble' | null;
  /** The remark of that moment. */
  readonly remark?: number | null;
}

export class App {
  readonly crew: Crew;
  readonly notices = new Notices();
  readonly preferences = new Preferences();
  readonly typed = new Typed();
  readonly trash: Trash;
  /** Decisions that can still be taken back. */
  readonly unsent: Unsent;
  readonly #files = new Map<number, TeamFiles>();
  overlay = $state.raw<Overlay | null>(null);
  /** The task in the drawer. */
  drawer = $state<number | null>(null);

  /** What the task that is opened shall show. */
  aim = $state.raw<Aim | null>(null);

  constructor(token: string) {
    this.crew = new Crew(new Client(token));
    this.trash = new Trash(this.client);
    this.unsent = new Unsent(this.crew, this.notices);
    this.client.before = (task) => this.unsent.flush(task);
  }

  get client() {
    return this.crew.client;
  }

  /** The project that is looked at, where one has to be. */
  readonly project = $derived.by(() => {
    const { projects } = this.crew;
    return projects.find((it) => it.id === this.preferences.project) ?? null;
  });

  /** Whether several projects are looked at. */
  readonly several = $derived.by(() => this.project === null && this.crew.projects.length > 1);

  /** The name of a project, where several are looked at. */
  nameOf = (project: number | null): string | null =>
    this.several ? (this.crew.projects.find((it) => it.id === project)?.name ?? null) : null;

  /** Whether something of a project is looked at. */
  shows = (project: number) => this.project === null || this.project.id === project;

  /** What is not decided yet. */
  readonly waiting = $derived.by(() => this.crew.inbox.filter((item) => !this.unsent.hides(item)));

  readonly attention = $derived.by(() => attention(this.crew.projects, this.waiting, this.crew.status));

  readonly inbox = $derived.by(() => this.waiting.filter((item) => this.shows(item.project)));

  /** The files of a project's team, with what was typed into them wherever one went meanwhile. */
  teamFiles(project: number): TeamFiles {
    const known = this.#files.get(project) ?? new TeamFiles(this.client, project);
    this.#files.set(project, known);
    return known;
  }

  /** What was typed into files and is not saved. */
  get unsaved(): readonly FileDraft[] {
    return [...this.#files.values()].flatMap((files) => files.drafts.filter((draft) => draft.dirty));
  }

  /** Whether the page may be taken away. What is not saved it asks about. */
  leave(): Leave {
    if (this.unsaved.length === 0) return this.unsent.leave();
    this.overlay = { kind: 'leave' };
    return 'stay';
  }

  openTask(id: number, aim: Omit<Aim, 'task'> = {}) {
    this.aim = { task: id, ...aim };
    this.drawer = id;
  }

  /** What was aimed at in a task, once. */
  takeAim(id: number): Aim | null {
    const aim = this.aim;
    if (aim?.task !== id) return null;
    this.aim = null;
    return aim;
  }
}

export const [getApp, setApp] = createContext<App>();
