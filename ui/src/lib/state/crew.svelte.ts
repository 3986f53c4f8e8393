// What goes on: read once, then kept up to date by what the daemon tells.

import { SvelteMap } from 'svelte/reactivity';
import { Client, Problem } from '$lib/api/client';
import type { Card, Changes, InboxItem, Project, StreamMessage, Team } from '$lib/api/types';
import { Feed } from './feed.svelte';
import { Link, type LinkState } from './link';
import { applied, type Picture } from './picture';

/** Entries of the journal that the feed begins with. */
const FEED_BEGINS = 300;

export class Crew {
  readonly client: Client;
  #picture = $state.raw<Picture | null>(null);
  #link: Link | null = null;

  connection = $state<LinkState | 'denied'>('connecting');
  projects = $state.raw<readonly Project[]>([]);
  teams = $state.raw<ReadonlyMap<number, Team>>(new Map());
  readonly feed: Feed;
  /** Where each task was last heard of in the journal. */
  readonly touched = new SvelteMap<number, number>();
  /** The daemon's clock less ours. */
  #ahead = 0;
  now = $state(Date.now());
  #ticker: ReturnType<typeof setInterval> | undefined;

  constructor(client: Client) {
    this.client = client;
    this.feed = new Feed(client);
  }

  readonly ready = $derived(this.#picture !== null);
  readonly status = $derived(this.#picture?.status ?? null);
  readonly tasks = $derived<ReadonlyMap<number, Card>>(this.#picture?.tasks ?? new Map());
  readonly inbox = $derived<readonly InboxItem[]>(this.#picture?.inbox ?? []);
  readonly seq = $derived(this.#picture?.seq ?? 0);
  readonly agents = $derived(this.status?.agents ?? []);
  readonly offline = $derived(this.connection === 'offline');

  start() {
    this.#link = new Link({
      open: () => this.#open(),
      message: (text) => this.#take(JSON.parse(text) as StreamMessage),
      state: (state) => {
        if (this.connection !== 'denied') this.connection = state;
      },
    });
    this.#ticker = setInterval(() => (this.now = Date.now() + this.#ahead), 1_000);
    const hurry = () => this.#link?.hurry();
    window.addEventListener('focus', hurry);
    return () => {
      window.removeEventListener('focus', hurry);
      clearInterval(this.#ticker);
      this.#link?.end();
    };
  }

  hurry() {
    this.#link?.hurry();
  }

  task(id: number): Card | undefined {
    return this.tasks.get(id);
  }

  team(project: number): Team | undefined {
    return this.teams.get(project);
  }

  async #open(): Promise<WebSocket | null> {
    try {
      if (this.#picture === null) await this.#read();
    } catch (error) {
      if (error instanceof Problem && error.code === 'unauthorized') {
        this.connection = 'denied';
        return null;
      }
      throw error;
    }
    return this.client.socket('/events', { since: this.seq });
  }

  /** Reads all of it. The oldest position of the parts is where the stream goes on. */
  async #read() {
    const client = this.client;
    const [tasks, status, inbox] = await Promise.all([
      client.tasks(),
      client.status(),
      client.inbox(),
      this.#readTeams(),
    ]);
    const seq = Math.min(tasks.seq, status.seq, inbox.seq);
    const journal = await client.journal(Math.max(0, seq - FEED_BEGINS), FEED_BEGINS);
    this.#setNow(status.now);
    this.#show({
      seq,
      tasks: new Map(tasks.tasks.map((card) => [card.id, card])),
      status,
      inbox: inbox.items,
      entries: journal.entries.filter((entry) => entry.seq <= seq),
    });
  }

  async #readTeams() {
    const { projects } = await this.client.projects();
    const teams = await Promise.all(projects.map((project) => this.client.team(project.id)));
    this.projects = projects;
    this.teams = new Map(
      projects.flatMap((project, at) => {
        const team = teams[at];
        return team === undefined ? [] : [[project.id, team]];
      }),
    );
  }

  #take(message: StreamMessage) {
    if (this.#picture === null) return;
    const after = applied(this.#picture, message);
    if (after.kind === 'gap') {
      this.#picture = null;
      this.feed.restart();
      this.#link?.restart();
      return;
    }
    if (message.type === 'changes') {
      this.#setNow(message.status.now);
      this.#touch(message);
      const teamChanged = message.entries.some((entry) =>
        entry.notes.some((note) => note.note === 'project'),
      );
      // What fails here is read again with the next change, or after the next gap.
      if (teamChanged) this.#readTeams().catch(() => undefined);
    }
    this.#show(after.picture);
  }

  #touch(changes: Changes) {
    for (const card of changes.tasks) this.touched.set(card.id, changes.seq);
    for (const entry of changes.entries) {
      for (const note of entry.notes) {
        if (note.note !== 'project') this.touched.set(note.task, changes.seq);
      }
      const task: unknown = (entry.body as { task?: unknown }).task;
      if (typeof task === 'number') this.touched.set(task, changes.seq);
    }
  }

  #show(picture: Picture) {
    this.#picture = picture;
    this.feed.take(picture.entries);
  }

  #setNow(daemon: number) {
    this.#ahead = daemon - Date.now();
    this.now = daemon;
  }
}
