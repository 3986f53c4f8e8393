// One task with its runs, kept up to date.

import type { Client } from '$lib/api/client';
import type { Run, Task, TaskDiff } from '$lib/api/types';

export class TaskDetail {
  readonly id: number;
  readonly #client: Client;
  #reading = false;
  #again = false;

  task = $state.raw<Task | null>(null);
  diff = $state.raw<TaskDiff | null>(null);
  problem = $state<string | null>(null);
  /** The run that was chosen; without one, the newest. */
  chosen = $state<number | null>(null);

  constructor(client: Client, id: number) {
    this.#client = client;
    this.id = id;
  }

  readonly run = $derived.by<Run | null>(() => {
    const runs = this.task?.runs ?? [];
    const chosen = runs.find((run) => run.id === this.chosen);
    return chosen ?? runs.findLast((run) => run.starts > 0) ?? runs.at(-1) ?? null;
  });

  /** Reads it; what is asked for meanwhile is read once more after that. */
  async read() {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    try {
      do {
        this.#again = false;
        // Without a worktree or a repository there is nothing to compare. Nobody waits for git.
        const diff = this.#client.diff(this.id).catch(() => null);
        this.task = await this.#client.task(this.id);
        this.problem = null;
        this.diff = (await diff) ?? this.diff;
      } while (this.#again);
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      this.#reading = false;
    }
  }
}
