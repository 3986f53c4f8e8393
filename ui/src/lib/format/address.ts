// Addresses of what one can show to others. None holds a token. Pure.

/** A task; what a run of it said; or one place in that. */
export function addressOf(origin: string, task: number, run: number | null = null, place: string | null = null): string {
  if (run === null) return `${origin}/task/${task}`;
  return `${origin}/task/${task}?run=${run}${place === null ? '' : `&at=${place}`}`;
}
