import { expect, test } from 'vitest';
import type { InboxItem } from '$lib/api/types';
import type { App } from '$lib/state/app.svelte';
import { Deciding } from './deciding.svelte';

function deciding(about: string | null, succeeds = true) {
  const said: unknown[] = [];
  const app = {
    client: { answerAlways: async (...words: unknown[]) => said.push(words) },
    notices: {
      attempt: async (act: () => Promise<unknown>) => {
        await act();
        return succeeds;
      },
    },
  } as unknown as App;
  const item = { kind: 'ask', ask: 5, task: 1, options: ['allow', 'deny'], about } as InboxItem;
  return { said, it: new Deciding(app, item) };
}

test('an answer for always is asked for once more, with what is remembered in sight', async () => {
  const { said, it } = deciding('Bash: `make`');
  it.always();
  expect(it.step).toBe('always');
  expect(said).toEqual([]);
  await it.answerAlways('allow', 'task');
  expect(said).toEqual([[5, 'allow', 'task']]);
});

test('what is not known exactly is not remembered', async () => {
  const { said, it } = deciding(null);
  expect(it.remembers).toBe(false);
  it.always();
  expect(it.step).toBe('open');
  await it.answerAlways('deny', 'role');
  expect(said).toEqual([]);
});

test('an answer that was refused can be given again', async () => {
  const { it } = deciding('Bash: `make`', false);
  it.always();
  await it.answerAlways('allow', 'role');
  expect(it.step).toBe('open');
});
