import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Link, type LinkState } from './link';

class Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;
  close() {
    this.closed = true;
    this.onclose?.();
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function linked(sockets: (Socket | 'fails' | null)[]) {
  const states: LinkState[] = [];
  const messages: string[] = [];
  const link = new Link({
    open: async () => {
      const next = sockets.shift();
      if (next === 'fails' || next === undefined) throw new Error('no daemon');
      return next as unknown as WebSocket | null;
    },
    message: (text) => messages.push(text),
    state: (state) => states.push(state),
  });
  return { link, states, messages };
}

test('a stream that ends is opened again', async () => {
  const [first, second] = [new Socket(), new Socket()];
  const { link, states, messages } = linked([first, 'fails', 'fails', second]);
  await vi.advanceTimersByTimeAsync(0);
  first.onopen?.();
  first.onmessage?.({ data: 'one' });
  first.close();
  await vi.advanceTimersByTimeAsync(5_000);
  second.onopen?.();
  second.onmessage?.({ data: 'two' });
  first.onmessage?.({ data: 'of a stream that is over' });
  expect(messages).toEqual(['one', 'two']);
  expect(states[0]).toBe('connecting');
  expect(states).toContain('offline');
  expect(states.at(-1)).toBe('live');
  link.end();
  expect(second.closed).toBe(true);
});

test('what has ended stays so', async () => {
  const { link, states } = linked([null]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(states).toEqual(['connecting']);
  link.end();
});

test('what is not wanted any more is not opened again', async () => {
  const { link, states } = linked(['fails', new Socket()]);
  await vi.advanceTimersByTimeAsync(0);
  link.end();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(states).toEqual(['connecting']);
});
