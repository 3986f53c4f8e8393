// What was saved before it was removed: found, looked at, and brought back.

import { SvelteMap } from 'svelte/reactivity';
import { Problem, type Client } from '$lib/api/client';
import type { TaskDiff, TrashItem } from '$lib/api/types';
import { parseDiff } from '$lib/format/diff';
import { taskOf, type Saved } from '$lib/format/trash';

/** Not more often than this git is asked again. */
const PAUSE_MS = 2_000;

/** What an item shows: what no commit had, or, where a commit had all of it, what its task changed. */
export interface Look {
  readonly of: 'worktree' | 'task' | 'nothing';
  readonly diff: Pick<TaskDiff, 'text' | 'truncated' | 'to'>;
}

export class Trash {
  readonly #client: Client;
  #projects: readonly number[] = [];
  #reading = false;
  #wanted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The newest first; null before they were read. */
  items = $state.raw<readonly Saved[] | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** The branch that was made of an item, by its reference. */
  readonly restored = new SvelteMap<string, string>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** Something may be new in the trash of these projects. */
  refresh(projects: readonly number[]) {
    const others = projects.join() !== this.#projects.join();
    if (others) {
      this.#projects = projects;
      this.items = null;
    }
    if (this.#reading || (this.#timer !== undefined && !others)) this.#wanted = true;
    else void this.#read();
  }

  /** Asks again at once. */
  again() {
    if (!this.#reading) void this.#read();
  }

  /** What was in it. */
  async look(item: Saved): Promise<Look> {
    const found = await this.#client.trashDiff(item.project, item.reference);
    const diff = { ...found, to: item.commit };
    const task = taskOf(item);
    if (parseDiff(diff.text).length > 0) return { of: 'worktree', diff };
    // Its branch may be gone, with nothing to compare.
    const whole = task === null ? null : await this.#client.diff(task).catch(() => null);
    if (whole === null || parseDiff(whole.text).length === 0) return { of: 'nothing', diff };
    return { of: 'task', diff: whole };
  }

  /** Makes a branch of it; throws in the daemon's words if it cannot be. */
  async restore(item: Saved, branch: string) {
    const made = await this.#client.restoreTrash(item.project, item.reference, branch);
    this.restored.set(item.reference, made.branch);
  }

  async #read() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#reading = true;
    this.#wanted = false;
    const projects = this.#projects;
    const answers = await Promise.allSettled(projects.map((project) => this.#client.trash(project)));
    this.#reading = false;
    if (projects !== this.#projects) return void this.#read();
    this.#timer = setTimeout(() => this.#rested(), PAUSE_MS);
    this.#take(projects, answers);
  }

  #take(projects: readonly number[], answers: readonly PromiseSettledResult<{ items: TrashItem[] }>[]) {
    const failed = answers.find((answer) => answer.status === 'rejected');
    this.problem = failed === undefined ? null : Problem.of(failed.reason);
    // One that cannot be read does not hide the others.
    if (failed !== undefined && answers.every((answer) => answer.status === 'rejected')) return;
    this.items = answers
      .flatMap((answer, at) => (answer.status === 'fulfilled' ? answer.value.items.map((item) => ({ ...item, project: projects[at] ?? 0 })) : []))
      .sort((a, b) => b.at - a.at);
  }

  #rested() {
    this.#timer = undefined;
    if (this.#wanted) void this.#read();
  }
}
