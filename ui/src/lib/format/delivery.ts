// How far what people say about a task has come, in words.
import type { Delivery, Task } from '$lib/api/types';

/** How far a remark has come. */
export function delivered(delivery: Delivery): string {
  switch (delivery.word) {
    case 'heard':
      return `r${delivery.run} knows it`;
    case 'on_its_way':
      return `on its way to r${delivery.run}`;
    case 'next':
      return 'waits for the next run';
  }
}

/** Whom what is written now will reach: the label of the field, its hint, and what is said after. */
export function addressee(task: Pick<Task, 'listener' | 'runs' | 'status'>): { label: string; hint: string; said: string } {
  const run = task.runs.find((it) => it.id === task.listener);
  if (run === undefined && task.status.word === 'interrupted') {
    return {
      label: 'Message that lets the work go on',
      hint: 'It is interrupted: say what to do instead, and it goes on',
      said: 'Said: it goes on',
    };
  }
  if (run === undefined) {
    return {
      label: 'Message for whoever works on it next',
      hint: 'Nobody can hear it now: it waits for the next run',
      said: 'Said: it waits for whoever works on it next',
    };
  }
  return {
    label: `Message to ${run.role} in r${run.id}, which is at work`,
    hint: `Say something to ${run.role}: r${run.id} is at work and is told now`,
    said: `On its way to r${run.id}`,
  };
}
