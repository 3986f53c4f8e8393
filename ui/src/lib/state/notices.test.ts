import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '$lib/api/client';
import { KEPT, Notices } from './notices.svelte';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const offer = { label: 'Undo', keys: 'u', act: () => {}, hold: () => {}, closed: () => {} };

test('what has gone from sight is read later, the newest first', async () => {
  const notices = new Notices();
  notices.say('Link copied');
  await notices.attempt(() => Promise.reject(new Problem('offline', 'The daemon cannot be reached.', 'Start it.')));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(notices.list).toEqual([]);
  expect(notices.history.map(({ tone, text, hint }) => [tone, text, hint])).toEqual([
    ['bad', 'The daemon cannot be reached.', 'Start it.'],
    ['ok', 'Link copied', null],
  ]);
  expect(notices.unread.length).toBe(2);
  notices.readAll();
  expect([notices.unread.length, notices.history.length]).toEqual([0, 2]);
  notices.clear();
  expect(notices.history).toEqual([]);
});

test('what was closed by hand was read; the oldest are forgotten', () => {
  const notices = new Notices();
  for (let n = 1; n <= KEPT + 1; n += 1) notices.say(`notice ${n}`);
  const last = notices.list.at(-1);
  if (last !== undefined) notices.close(last);
  expect([notices.history.length, notices.history[0]?.text, notices.unread.length]).toEqual([KEPT, `notice ${KEPT + 1}`, KEPT - 1]);
});

test('few are shown at once, and what can be taken back among them', () => {
  const notices = new Notices();
  const id = notices.offer('#3 approved', offer);
  for (let n = 1; n <= 6; n += 1) notices.say(`notice ${n}`);
  expect(notices.list.map((notice) => notice.text)).toEqual(['#3 approved', 'notice 3', 'notice 4', 'notice 5', 'notice 6']);
  notices.dismiss(id);
  expect(notices.list.length).toBe(4);
});
