import { expect, test } from 'vitest';
import { Problem, type Client } from '$lib/api/client';
import type { JournalEntry } from '$lib/api/types';
import type { FeedLine } from '$lib/format/feed';
import { ENOUGH, Feed, LINES_MAX, PORTION, PORTIONS_MAX } from './feed.svelte';

type Kind = 'task_paused' | 'ticked';

/** A journal of so many entries; `kind` says which of them are shown. */
function journal(length: number, kind: (seq: number) => Kind = () => 'task_paused') {
  const asked: [number, number][] = [];
  const entry = (seq: number) => ({ seq, at: seq * 1_000, event: kind(seq), body: { task: 1 } as never, notes: [], dropped: null }) satisfies JournalEntry;
  const between = (after: number, limit: number) => Array.from({ length: Math.min(limit, length - after) }, (_, at) => entry(after + 1 + at));
  const fails = { with: null as Error | null };
  const client = {
    journal: (after: number, limit: number) => {
      asked.push([after, limit]);
      return fails.with === null ? Promise.resolve({ seq: length, entries: between(after, limit) }) : Promise.reject(fails.with);
    },
  } as unknown as Client;
  const feed = new Feed(client);
  feed.take(between(length - 300, 300));
  return { asked, feed, fails, between };
}

const all = () => true;
const seqs = (feed: Feed) => [feed.lines[0]?.key, feed.lines.at(-1)?.key];

test('it goes back to the beginning, and no further', async () => {
  const { asked, feed } = journal(1_000);
  expect([seqs(feed), feed.hasEarlier, feed.since]).toEqual([['701.0', '1000.0'], true, 701_000]);
  expect(await feed.earlier(all)).toBe(PORTION);
  expect([seqs(feed), feed.hasEarlier]).toEqual([['201.0', '1000.0'], true]);
  expect(await feed.earlier(all)).toBe(200);
  expect([feed.lines.length, feed.hasEarlier, feed.since]).toEqual([1_000, false, 1_000]);
  expect(await feed.earlier(all)).toBe(0);
  expect(asked).toEqual([[200, PORTION], [0, 200]]);
});

test('what is not shown is passed over, until there is a screenful', async () => {
  const { asked, feed } = journal(3_300, (seq) => (seq > 1_100 && seq < 3_000 ? 'ticked' : 'task_paused'));
  expect(await feed.earlier(all)).toBeGreaterThanOrEqual(ENOUGH);
  expect(asked.length).toBe(4);
});

test('what is nowhere is not looked for without end', async () => {
  const { asked, feed } = journal(20_000, () => 'ticked');
  expect(await feed.earlier(all)).toBe(0);
  expect([asked.length, feed.hasEarlier, feed.loading]).toEqual([PORTIONS_MAX, true, false]);
  const none = journal(20_000).feed;
  const trouble = (line: FeedLine) => line.topic === 'trouble';
  expect([await none.earlier(trouble), none.full, none.lines.length]).toEqual([0, true, LINES_MAX]);
});

test('it is bounded: then it goes back no further, and what comes takes the place of the oldest', async () => {
  const { asked, feed, between } = journal(20_000);
  while (feed.hasEarlier) await feed.earlier(all);
  expect([feed.lines.length, feed.full, seqs(feed)]).toEqual([LINES_MAX, true, ['15001.0', '20000.0']]);
  const before = asked.length;
  feed.take(between(19_999, 1).map((entry) => ({ ...entry, seq: 20_001 })));
  expect([feed.lines.length, seqs(feed), feed.hasEarlier]).toEqual([LINES_MAX, ['15002.0', '20001.0'], false]);
  expect(await feed.earlier(all)).toBe(0);
  expect(asked.length).toBe(before);
});

test('why nothing could be read is known, and it can be tried again', async () => {
  const { feed, fails } = journal(1_000);
  fails.with = new Problem('offline', 'The daemon cannot be reached.');
  expect(await feed.earlier(all)).toBe(0);
  expect([feed.problem?.code, feed.loading, feed.hasEarlier, feed.lines.length]).toEqual(['offline', false, true, 300]);
  fails.with = null;
  expect(await feed.earlier(all)).toBe(PORTION);
  expect(feed.problem).toBeNull();
});

test('what was read of before a gap is not put in front of what was read after it', async () => {
  const { feed, between } = journal(2_000);
  const reading = feed.earlier((line) => Number.parseInt(line.key) > 0);
  feed.restart();
  expect(feed.lines.length).toBe(300);
  feed.take(between(1_990, 10));
  expect(seqs(feed)).toEqual(['1991.0', '2000.0']);
  await reading;
  const found = feed.lines.map((line) => Number.parseInt(line.key));
  expect(found).toEqual(Array.from({ length: found.length }, (_, at) => 2_000 - found.length + 1 + at));
});
