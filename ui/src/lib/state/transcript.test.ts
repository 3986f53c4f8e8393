import { expect, test } from 'vitest';
import type { LogLine } from '$lib/api/types';
import { editOf, extended, joined, onWhat, subagents, took } from './transcript';

let at = 0;
function line(event: Record<string, unknown>): LogLine {
  at += 1;
  return { at: `1:${at}`, from: `1:${at - 1}`, start: 1, time: null, cut: false, event };
}

const call = (id: string) => line({ type: 'tool_call', id, name: 'shell', input: { command: 'ls' } });
const result = (id: string, output: string) => line({ type: 'tool_result', id, ok: true, output });

test('a call gets its result, whenever that comes', () => {
  const first = extended([], [call('a'), call('b'), line({ type: 'text', text: 'hm' })]);
  const then = extended(first, [result('b', 'two'), result('a', 'one')]);
  const outputs = then.map((it) => (it.kind === 'tool' ? it.result?.output : it.kind));
  expect(outputs).toEqual(['one', 'two', 'text']);
  expect(then[2]).toBe(first[2]);
});

test('a result finds its call over the seam of what is read later', () => {
  const [first, second] = [call('a'), result('a', 'one')];
  const known = extended([], [second, line({ type: 'text', text: 'hm' })]);
  expect(known.map((it) => it.kind)).toEqual(['result', 'text']);
  const all = joined(extended([], [first]), known);
  expect(all.map((it) => (it.kind === 'tool' ? it.result?.output : it.kind))).toEqual(['one', 'text']);
  expect(joined([], known)).toEqual(known);
});

test('how long a call took is known where both ends have a time', () => {
  const timed = (it: LogLine, time: number) => ({ ...it, time });
  const [one, other] = extended([], [timed(call('a'), 1_000), timed(result('a', 'one'), 2_200), call('b'), timed(result('b', 'two'), 9_000)]);
  if (one?.kind !== 'tool' || other?.kind !== 'tool') throw new Error('they are calls');
  expect([took(one), took(other)]).toEqual([1_200, null]);
});

test('an id that is used again belongs to the newest call', () => {
  const items = extended([], [call('a'), result('a', 'one'), call('a'), result('a', 'two')]);
  expect(items.map((it) => (it.kind === 'tool' ? it.result?.output : ''))).toEqual(['one', 'two']);
});

test('what happens besides is said in words, or not at all', () => {
  const items = extended([], [
    line({ type: 'context', tokens: 12_000, window: 200_000 }),
    line({ type: 'plan', used: 3 }),
    line({ type: 'compacted' }),
    line({ type: 'took_in', id: 'm1' }),
    line({ type: 'retry', message: 'overloaded' }),
    line({ type: 'set_up', text: 'npm ci' }),
    line({ type: 'notice', text: 'hook Stop: ran' }),
  ]);
  expect(items.map((it) => (it.kind === 'noise' ? it.text : it.kind))).toEqual([
    'its conversation was compacted', 'heard what was said to it', 'tries again: overloaded', 'set-up: npm ci', 'hook Stop: ran',
  ]);
});

test('nothing that an agent prints is dropped, but heartbeats', () => {
  const items = extended([], [
    line({ type: 'heartbeat' }),
    line({ type: 'hologram', depth: 3 }),
    line({ type: 'noise', text: 'oops' }),
    result('nobody', 'late'),
    line({ type: 'usage', input_tokens: 3, output_tokens: 4 }),
  ]);
  expect(items.map((it) => it.kind)).toEqual(['noise', 'noise', 'result', 'turn']);
  expect(items[3]).toMatchObject({ spent: { tokens: 7, cost: null } });
});

test('what is being written is one item, and stays where it is when it is complete', () => {
  const begun = extended([], [call('a'), line({ type: 'partial', text: 'I am' })]);
  const then = extended(begun, [line({ type: 'text', text: 'aside', by: 'a' }), line({ type: 'partial', text: 'I am going' })]);
  const done = extended(then, [line({ type: 'text', text: 'I am going home.' }), line({ type: 'partial', text: 'And' })]);
  expect(done.map((it) => (it.kind === 'text' ? `${it.text}${it.open ? '…' : ''}` : it.kind))).toEqual(['tool', 'I am going home.', 'aside', 'And…']);
  expect(done[1]?.key).toBe(begun[1]?.key);
  expect(done[2]?.by).toBe('a');
});

test('agents of agents are a tree, to any depth, with what each used', () => {
  const start = (id: string, what: string, by?: string) => line({ type: 'tool_call', id, name: 'Task', input: { description: what }, ...(by === undefined ? {} : { by }) });
  const says = (by: string) => line({ type: 'text', text: 'hm', by });
  const items = extended([], [
    start('a', 'first'), start('b', 'second'), says('a'), says('b'),
    start('c', 'deep', 'a'), says('c'), start('d', 'deeper', 'c'), says('d'),
    line({ type: 'usage', input_tokens: 5, output_tokens: 1, cost: 20, by: 'c' }), line({ type: 'usage', input_tokens: 4, cost: 10, by: 'c' }),
  ]);
  expect(subagents(items).map((it) => `${it.depth} ${it.what} ${it.spent.tokens} ${it.spent.cost}`)).toEqual([
    '0 first 0 0', '1 deep 10 30', '2 deeper 0 0', '0 second 0 0',
  ]);
});

test('agents that an agent started are known by what they are for', () => {
  const start = line({ type: 'tool_call', id: 'a', name: 'Task', input: { description: 'Look for callers', prompt: 'Look.' } });
  const begun = extended([], [start, call('b'), line({ type: 'text', text: 'I look', by: 'a' }), line({ type: 'text', text: 'I too', by: 'z' })]);
  expect(subagents(begun)).toMatchObject([
    { call: 'a', what: 'Look for callers', place: begun[0]?.key, over: false },
    { call: 'z', what: 'agent', place: begun[3]?.key, over: false },
  ]);
  expect(subagents(extended(begun, [result('a', 'found')]))[0]?.over).toBe(true);
  expect(subagents(extended([], [call('b')]))).toEqual([]);
});

test('a tool says what it works on', () => {
  expect(onWhat({ command: 'make test\nmake bench' })).toBe('make test');
  expect(onWhat({ depth: 3 })).toBe('{"depth":3}');
  expect(editOf('edit', { path: 'a', old: 'x', new: 'y' })).toEqual({ old: 'x', new: 'y' });
  expect(editOf('write', { path: 'a', content: 'y' })).toEqual({ old: '', new: 'y' });
  expect(editOf('shell', { command: 'ls' })).toBeNull();
});
