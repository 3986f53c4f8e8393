import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Client } from '$lib/api/client';
import { RunTimes } from './times.svelte';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A journal in which each answer has one time. */
function journal(length: () => number) {
  const asked: number[] = [];
  const client = {
    times: (_: number, after: number) => {
      asked.push(after);
      const seq = Math.min(after + 1, length());
      const times = seq > after ? [{ at: `1:${seq}`, time: 1_000 + seq }] : [];
      return Promise.resolve({ seq, more: seq < length(), times });
    },
  };
  return { asked, client: client as unknown as Client };
}

test('all that is there is read at once, and what comes at most once a second', async () => {
  let length = 2;
  const { asked, client } = journal(() => length);
  const times = new RunTimes(client, 7);
  expect(times.at('1:1')).toBeUndefined();
  times.refresh();
  await vi.advanceTimersByTimeAsync(0);
  expect([times.at('1:1'), times.at('1:2'), times.at('1:3')]).toEqual([1_001, 1_002, undefined]);
  expect(asked).toEqual([0, 1]);
  length = 3;
  for (let n = 0; n < 20; n += 1) times.refresh();
  await vi.advanceTimersByTimeAsync(900);
  expect(asked).toEqual([0, 1]);
  await vi.advanceTimersByTimeAsync(200);
  expect(asked).toEqual([0, 1, 2]);
  expect(times.at('1:3')).toBe(1_003);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toEqual([0, 1, 2]);
  times.end();
  times.refresh();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toEqual([0, 1, 2]);
});

test('a daemon that does not answer is asked again when something happens', async () => {
  let down = true;
  const client = {
    times: () => (down ? Promise.reject(new Error('down')) : Promise.resolve({ seq: 1, more: false, times: [{ at: '1:9', time: 5 }] })),
  };
  const times = new RunTimes(client as unknown as Client, 7);
  times.refresh();
  await vi.advanceTimersByTimeAsync(2_000);
  down = false;
  times.refresh();
  await vi.advanceTimersByTimeAsync(0);
  expect(times.at('1:9')).toBe(5);
  times.end();
});
