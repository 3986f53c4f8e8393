import { expect, test, vi } from 'vitest';
import type { Client } from '$lib/api/client';
import { RawText, SHOWN } from './raw.svelte';

vi.stubGlobal('cancelAnimationFrame', () => undefined);
vi.stubGlobal('requestAnimationFrame', (draw: () => void) => (queueMicrotask(draw), 1));

/** A daemon that prints what it is told to. */
function printer() {
  let take: (text: string) => void = () => undefined;
  let end: (how?: Error) => void = () => undefined;
  const client = {
    raw: (_: number, told: typeof take) => {
      take = told;
      return new Promise<void>((done, failed) => (end = (how) => (how === undefined ? done() : failed(how))));
    },
  };
  return { client: client as unknown as Client, print: (text: string) => take(text), end: (how?: Error) => end(how) };
}

test('lines come as they are printed, whole ones only, and the last of them while the end is looked at', async () => {
  const { client, print, end } = printer();
  const raw = new RawText(client, 7);
  print('one\ntw');
  await Promise.resolve();
  expect(raw.shown.map((line) => line.text)).toEqual(['one']);
  print('o\n');
  await Promise.resolve();
  expect(raw.shown.map((line) => line.text)).toEqual(['one', 'two']);
  print('x\n'.repeat(SHOWN));
  await Promise.resolve();
  expect([raw.begin, raw.shown.length, raw.shown[0]?.n]).toEqual([2, SHOWN, 2]);
  raw.following = false;
  print('last');
  end();
  await vi.waitFor(() => expect(raw.state).toBe('over'));
  expect([raw.begin, raw.shown.at(-1)?.text]).toEqual([2, 'last']);
  raw.end();
});

test('what breaks off is said, and read anew', async () => {
  const { client, print, end } = printer();
  const raw = new RawText(client, 7);
  print('one\n');
  end(new Error('network error'));
  await vi.waitFor(() => expect(raw.state).toBe('failed'));
  expect([raw.problem, raw.count]).toEqual(['network error', 1]);
  raw.again();
  print('one\ntwo\n');
  await vi.waitFor(() => expect(raw.count).toBe(2));
  expect(raw.problem).toBeNull();
  raw.end();
});
