// What an agent said, as a list of things to show: calls joined with their results, usage as the
// end of a turn. Pure.

import type { LogLine } from '$lib/api/types';

export interface Spent {
  readonly tokens: number;
  readonly cost: number | null;
}

interface Base {
  /** Place in the log: unique, and in order. */
  readonly key: string;
  /** The place before the line that it began with. */
  readonly from: string;
  readonly cut: boolean;
  /** The call that started who said it, if an agent of the agent did. */
  readonly by: string | null;
  /** When it was printed; null where that is not known. */
  readonly time: number | null;
}

export type Item = Base &
  (
    | { readonly kind: 'session'; readonly start: number; readonly model: string }
    /** `open`: it is still being written. */
    | { readonly kind: 'text'; readonly text: string; readonly open: boolean }
    | { readonly kind: 'thinking'; readonly text: string }
    | { readonly kind: 'tool'; readonly id: string; readonly name: string; readonly input: Input; readonly result: Result | null }
    | { readonly kind: 'turn'; readonly spent: Spent }
    | { readonly kind: 'ask'; readonly text: string; readonly options: readonly string[] }
    | { readonly kind: 'limit'; readonly message: string; readonly until: number | null }
    | { readonly kind: 'error'; readonly message: string }
    | { readonly kind: 'done'; readonly text: string }
    | { readonly kind: 'noise'; readonly text: string }
    /** A result whose call came before what is known. */
    | { readonly kind: 'result'; readonly id: string; readonly result: Result }
  );

export type Input = Readonly<Record<string, unknown>>;

export interface Result {
  readonly ok: boolean;
  readonly output: string;
  readonly cut: boolean;
  readonly from: string;
  readonly time: number | null;
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');
const number = (value: unknown) => (typeof value === 'number' ? value : 0);

/** The items after more lines. Items that do not change stay the same objects. */
export function extended(items: readonly Item[], lines: readonly LogLine[]): Item[] {
  const next = [...items];
  for (const line of lines) extend(next, line);
  return next;
}

function extend(items: Item[], line: LogLine) {
  const event = line.event;
  const base = { key: line.at, from: line.from, cut: line.cut, by: typeof event.by === 'string' ? event.by : null, time: line.time };
  switch (event.type) {
    case 'session':
      items.push({ ...base, kind: 'session', start: line.start, model: text(event.model) });
      return;
    case 'text':
    case 'partial':
      write(items, { ...base, kind: 'text', text: text(event.text), open: event.type === 'partial' });
      return;
    case 'thinking':
      items.push({ ...base, kind: 'thinking', text: text(event.text) });
      return;
    case 'tool_call':
      items.push({
        ...base,
        kind: 'tool',
        id: text(event.id),
        name: text(event.name),
        input: (event.input ?? {}) as Input,
        result: null,
      });
      return;
    case 'tool_result':
      settle(items, line);
      return;
    case 'usage':
      items.push({ ...base, kind: 'turn', spent: spent(event) });
      return;
    case 'ask':
      items.push({ ...base, kind: 'ask', text: text(event.text), options: (event.options ?? []) as string[] });
      return;
    case 'limit':
      items.push({ ...base, kind: 'limit', message: text(event.message), until: typeof event.until === 'number' ? event.until : null });
      return;
    case 'error':
      items.push({ ...base, kind: 'error', message: text(event.message) });
      return;
    case 'done':
      items.push({ ...base, kind: 'done', text: text(event.text) });
      return;
    case 'heartbeat':
    case 'context':
    case 'plan':
      return;
    case 'retry':
      items.push({ ...base, kind: 'noise', text: `tries again: ${text(event.message)}` });
      return;
    case 'compacted':
      items.push({ ...base, kind: 'noise', text: 'its conversation was compacted' });
      return;
    case 'took_in':
      items.push({ ...base, kind: 'noise', text: 'heard what was said to it' });
      return;
    case 'set_up':
      items.push({ ...base, kind: 'noise', text: `set-up: ${text(event.text)}` });
      return;
    case 'notice':
    case 'noise':
      items.push({ ...base, kind: 'noise', text: text(event.text) });
      return;
    default:
      items.push({ ...base, kind: 'noise', text: JSON.stringify(event) });
  }
}

/** What is being written is one item until all of it is there. It keeps its key: it stays where it is. */
function write(items: Item[], item: Extract<Item, { kind: 'text' }>) {
  const at = items.findLastIndex((it) => it.by === null);
  const last = items[at];
  if (item.by === null && last?.kind === 'text' && last.open) items[at] = { ...item, key: last.key, from: last.from };
  else items.push(item);
}

/** Gives the newest open call of that id its result. A result without a call is shown as it is. */
function settle(items: Item[], line: LogLine) {
  const { id, ok, output } = line.event;
  const result = { ok: ok === true, output: text(output), cut: line.cut, from: line.from, time: line.time };
  const at = items.findLastIndex((it) => it.kind === 'tool' && it.id === id && it.result === null);
  const call = items[at];
  if (call?.kind !== 'tool') {
    const by = typeof line.event.by === 'string' ? line.event.by : null;
    items.push({ key: line.at, from: line.from, cut: line.cut, by, time: line.time, kind: 'result', id: text(id), result });
    return;
  }
  items[at] = { ...call, result };
}

/** How long a call took; null where that is not known. */
export function took({ time, result }: Extract<Item, { kind: 'tool' }>): number | null {
  const end = result?.time ?? null;
  return time === null || end === null ? null : Math.max(0, end - time);
}

/** What came before, and what was known: results find their calls over the seam. */
export function joined(before: readonly Item[], after: readonly Item[]): Item[] {
  const head = [...before];
  const tail = after.filter((item) => {
    if (item.kind !== 'result') return true;
    const at = head.findLastIndex((it) => it.kind === 'tool' && it.id === item.id && it.result === null);
    const call = head[at];
    if (call?.kind !== 'tool') return true;
    head[at] = { ...call, result: item.result };
    return false;
  });
  return head.concat(tail);
}

/** An agent that the agent of a run started. */
export interface Subagent {
  /** The call that started it. */
  readonly call: string;
  readonly what: string;
  /** Where it begins. */
  readonly place: string;
  readonly over: boolean;
  /** How many others are above it: 0 was started by the agent of the run itself. */
  readonly depth: number;
  /** What it used, where that is said. */
  readonly spent: Spent;
  /** The call itself, where it is known. */
  readonly item: Extract<Item, { kind: 'tool' }> | null;
}

/** Those that said something, as a tree: each before those that it started, in the order in which they began. */
export function subagents(items: readonly Item[]): Subagent[] {
  const started = new Set<string>();
  for (const { by } of items) if (by !== null) started.add(by);
  const agents = new Map([...started].map((call) => [call, subagent(items, call)]));
  // Whose starter is not known, or said nothing by itself, hangs at the root.
  const above = (agent: Subagent) => (agents.has(agent.item?.by ?? '') ? (agent.item?.by ?? null) : null);
  const tree: Subagent[] = [];
  const grow = (starter: string | null, depth: number) => {
    for (const agent of agents.values()) {
      if (above(agent) !== starter || agent.call === starter) continue;
      tree.push({ ...agent, depth });
      if (tree.length <= agents.size) grow(agent.call, depth + 1);
    }
  };
  grow(null, 0);
  return tree;
}

function subagent(items: readonly Item[], call: string): Subagent {
  const found = items.findLast((it) => it.kind === 'tool' && it.id === call);
  const item = found?.kind === 'tool' ? found : null;
  const spent = items.reduce<Spent>((sum, it) => (it.kind === 'turn' && it.by === call ? added(sum, it.spent) : sum), { tokens: 0, cost: 0 });
  const place = item?.key ?? items.find((it) => it.by === call)?.key ?? '';
  const known = { call, place, depth: 0, spent, item };
  if (item === null) return { ...known, what: 'agent', over: false };
  const { description, subagent_type: type } = item.input;
  return { ...known, what: text(description) || text(type) || onWhat(item.input) || item.name, over: item.result !== null };
}

/** Together; what costs an unknown amount makes the sum unknown. */
function added(one: Spent, other: Spent): Spent {
  return { tokens: one.tokens + other.tokens, cost: one.cost === null || other.cost === null ? null : one.cost + other.cost };
}

/** Where in the items a place of the log is, or where it went wrong last; -1 is nowhere. */
export function indexOf(items: readonly Item[], place: string | 'trouble'): number {
  if (place === 'trouble') {
    return items.findLastIndex((it) => it.kind === 'error' || (it.kind === 'tool' && it.result?.ok === false));
  }
  const [start, offset] = numbers(place);
  return items.findLastIndex((it) => {
    const [from, at] = numbers(it.key);
    return from < start || (from === start && at <= offset);
  });
}

function numbers(place: string): [number, number] {
  const [start = '0', offset = '0'] = place.split(':');
  return [Number(start), Number(offset)];
}

function spent(event: Record<string, unknown>): Spent {
  const tokens =
    number(event.input_tokens) + number(event.cached_tokens) + number(event.output_tokens);
  return { tokens, cost: typeof event.cost === 'number' ? event.cost : null };
}

/** What a tool works on, in one line. */
export function onWhat(input: Input): string {
  const keys = ['path', 'file_path', 'command', 'pattern', 'query', 'text', 'url'];
  for (const key of keys) {
    const value = input[key];
    if (typeof value === 'string') return value.split('\n')[0] ?? '';
  }
  const rest = JSON.stringify(input);
  return rest === '{}' ? '' : rest;
}

/** The texts that an edit takes out and puts in; null if it is no edit. */
export function editOf(name: string, input: Input): { old: string; new: string } | null {
  if (typeof input.old === 'string' && typeof input.new === 'string') {
    return { old: input.old, new: input.new };
  }
  if (typeof input.old_string === 'string' && typeof input.new_string === 'string') {
    return { old: input.old_string, new: input.new_string };
  }
  const content = input.content ?? input.text;
  if (name === 'write' && typeof content === 'string') return { old: '', new: content };
  return null;
}
