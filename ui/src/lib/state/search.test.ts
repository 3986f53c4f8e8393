import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Client } from '$lib/api/client';
import type { Found } from '$lib/api/types';
import { Search } from './search.svelte';

const found = (title: string): Found => ({ kind: 'task', project: 1, task: 1, title, run: null, place: null, at: 0, who: null, excerpt: title });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function searching(answers: Record<string, { found: Found[]; behind: boolean }[]>) {
  const asked: string[] = [];
  const search = (words: string) => {
    asked.push(words);
    return Promise.resolve({ seq: 1, ...(answers[words]?.shift() ?? { found: [], behind: false }) });
  };
  return { asked, search: new Search({ search } as unknown as Client) };
}

test('only what was typed last is asked', async () => {
  const { asked, search } = searching({ round: [{ found: [found('Round')], behind: false }] });
  for (const words of ['r', 'ro', 'rou', 'round ']) search.ask(words, null);
  expect(search.busy).toBe(true);
  await vi.runAllTimersAsync();
  expect(asked).toEqual(['round']);
  expect([search.found[0]?.title, search.words, search.busy]).toEqual(['Round', 'round', false]);
  search.ask('r', null);
  expect(search.found).toEqual([]);
});

test('as long as more is being read it is asked again', async () => {
  const answers = [{ found: [], behind: true }, { found: [found('late')], behind: false }];
  const { asked, search } = searching({ late: answers });
  search.ask('late', null);
  await vi.runAllTimersAsync();
  expect([asked.length, search.found.length, search.busy]).toEqual([2, 1, false]);
});
