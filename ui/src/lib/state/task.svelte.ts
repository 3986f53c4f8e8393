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
  /** Why there is nothing to compare. */
  diffProblem = $state<string | null>(null);
  /** The run that was chosen; without one, the newest is shown. */
  chosen = $state<number | null>(null);
  /** The run that somebody is in the middle of reading: no newer one takes its place. */
  held = $state<number | null>(null);

  constructor(client: Client, id: number) {
    this.#client = client;
    this.id = id;
  }

  readonly #newest = $derived.by<Run | null>(() => {
    const runs = this.task?.runs ?? [];
    return runs.findLast((run) => run.starts > 0) ?? runs.at(-1) ?? null;
  });

  readonly run = $derived.by<Run | null>(() => {
    const wanted = this.chosen ?? this.held;
    return this.task?.runs.find((run) => run.id === wanted) ?? this.#newest;
  });

  /** The run that would be shown if nobody were reading. */
  readonly next = $derived.by<Run | null>(() => {
    const { run } = this;
    return this.chosen === null && run !== null && this.#newest?.id !== run.id ? this.#newest : null;
  });

  /** Whether the end of the run is looked at: who is there goes on with the next one, unless it began while
   * one was reading. */
  look(atEnd: boolean) {
    if (!atEnd) this.held = this.run?.id ?? null;
    else if (this.next === null) this.held = null;
  }

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
        // Nobody waits for git.
        const diff = this.#client.diff(this.id).then(
          (diff) => ({ diff, problem: null }),
          (error: unknown) => ({ diff: null, problem: error instanceof Error ? error.message : String(error) }),
        );
        this.task = await this.#client.task(this.id);
        this.problem = null;
        const compared = await diff;
        this.diff = compared.diff ?? this.diff;
        this.diffProblem = compared.problem;
      } while (this.#again);
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      this.#reading = false;
    }
  }
}
