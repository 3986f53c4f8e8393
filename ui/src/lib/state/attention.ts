// How much of each project wants a look, so that one that is not looked at is not forgotten.

import type { InboxItem, Project, Status } from '$lib/api/types';
import { count } from '$lib/format/numbers';

export interface Attention {
  readonly project: Project;
  /** What waits for somebody, and agents of whom nothing is heard. */
  readonly score: number;
  /** The same in words. */
  readonly words: string;
  /** Tasks by the word of their status. */
  readonly tasks: Readonly<Record<string, number>>;
}

/** Of each project, those that want most first. */
export function attention(projects: readonly Project[], inbox: readonly InboxItem[], status: Status | null): Attention[] {
  const of = (project: Project): Attention => {
    const tasks = status?.projects.find((it) => it.id === project.id)?.tasks ?? {};
    const waiting = inbox.filter((item) => item.project === project.id).length;
    const silent = tasks.no_signal ?? 0;
    const words = [
      ...(waiting > 0 ? [count(waiting, 'thing waits', 'things wait')] : []),
      ...(silent > 0 ? [count(silent, 'agent without a signal', 'agents without a signal')] : []),
    ];
    return { project, score: waiting + silent, words: words.join(', '), tasks };
  };
  return projects.map(of).sort((a, b) => b.score - a.score || a.project.name.localeCompare(b.project.name));
}

/** How much waits where one does not look. */
export const elsewhere = (list: readonly Attention[], here: Project | null): number =>
  here === null ? 0 : list.reduce((sum, it) => (it.project.id === here.id ? sum : sum + it.score), 0);
