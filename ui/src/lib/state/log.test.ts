import { expect, test, vi } from 'vitest';
import type { Client } from '$lib/api/client';
import type { LogLine } from '$lib/api/types';
import { RunLog } from './log.svelte';

const line = (n: number): LogLine => ({ at: `1:${n}`, from: `1:${n - 1}`, start: 1, time: null, cut: false, event: { type: 'text', text: `word ${n}` } });
const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => line(from + at));

vi.stubGlobal('cancelAnimationFrame', () => undefined);

interface Query {
  until?: string;
  from?: string;
}

test('around a place what came before and after is shown at once, and more when it is asked for', async () => {
  const asked: Query[] = [];
  let seen = 0;
  const client = {
    log: (_: number, query: Query) => {
      asked.push(query);
      if (query.until !== undefined) return Promise.resolve(lines(400, 500));
      seen = log.items.length;
      return Promise.resolve(query.from === '1:500' ? lines(501, 800) : lines(801, 810));
    },
    socket: () => Promise.reject(new Error('nobody listens')),
  };
  const log: RunLog = new RunLog(client as unknown as Client, 7, '1:500');
  await vi.waitFor(() => expect(log.items.length).toBeGreaterThan(0));
  expect([seen, log.items.length, log.hasEarlier, log.hasLater]).toEqual([0, 401, true, true]);
  await log.later();
  expect([log.items.length, log.hasLater]).toEqual([411, false]);
  expect(asked.map((query) => query.from ?? query.until)).toEqual(['1:500', '1:500', '1:800']);
  log.end();
});

test('what cannot be read is said, and read when it is tried again', async () => {
  let down = false;
  const client = {
    log: (_: number, query: Query) => {
      if (down) return Promise.reject(new Error('The daemon cannot be reached.'));
      if (query.until === '1:500') return Promise.resolve(lines(400, 500));
      return Promise.resolve(query.until === undefined ? lines(501, 800) : lines(300, 399));
    },
    socket: () => Promise.reject(new Error('nobody listens')),
  };
  const log = new RunLog(client as unknown as Client, 7, '1:500');
  await vi.waitFor(() => expect(log.items.length).toBe(401));
  down = true;
  await log.earlier();
  expect(log.problem).toEqual({ part: 'earlier', text: 'The daemon cannot be reached.' });
  await log.later();
  expect([log.problem?.part, log.items.length, log.loadingEarlier, log.loadingLater]).toEqual(['later', 401, false, false]);
  down = false;
  await log.earlier();
  expect([log.problem, log.items.length]).toEqual([null, 501]);
  log.end();
});

