import { expect, test } from 'vitest';
import type { InboxItem } from '$lib/api/types';
import type { App } from '$lib/state/app.svelte';
import { Typed } from '$lib/state/typed';
import type { Decided } from '$lib/state/unsent.svelte';
import { Deciding } from './deciding.svelte';

function deciding(about: string | null, succeeds = true) {
  const said: unknown[] = [];
  const app = {
    unsent: { flush: async () => undefined },
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

test('an approval is of one commit, and changes that are taken back are written on', async () => {
  const sent: unknown[] = [];
  const taken: Decided[] = [];
  const app = {
    typed: new Typed(),
    client: { approve: async (...words: unknown[]) => sent.push(words), reject: async (...words: unknown[]) => sent.push(words) },
    unsent: { take: (decided: Decided) => taken.push(decided) },
  } as unknown as App;
  const it = new Deciding(app, { kind: 'approval', ask: null, task: 3, commit: 'c1' } as InboxItem);
  it.approve();
  expect([it.step, taken.length]).toEqual(['sure', 0]);
  it.approve();
  expect(it.step).toBe('open');
  await taken[0]?.send();
  expect(sent).toEqual([[3, 'c1']]);

  it.requestChanges();
  it.text = 'A capital letter.';
  await it.send();
  expect([it.step, it.text]).toEqual(['open', '']);
  taken[1]?.returned?.('undone');
  expect([it.step, it.text]).toEqual(['changes', 'A capital letter.']);
  it.reset();
  taken[1]?.returned?.('failed');
  expect(it.step).toBe('open');
  it.requestChanges();
  expect(it.text).toBe('A capital letter.');
  await taken[1]?.send();
  expect(sent.at(-1)).toEqual([3, 'A capital letter.']);
  it.reset();
  it.requestChanges();
  expect(it.text).toBe('');
});
