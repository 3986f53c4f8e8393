// Gates and providers as forms: what is written in team.toml, what is wanted, and the edits between. Pure.

import type { Scalar, TeamEdit } from '$lib/api/types';

export type Keys = Readonly<Record<string, Scalar>>;

export const GATE_KINDS = ['check', 'verdict', 'human'] as const;
export type GateKind = (typeof GATE_KINDS)[number];

export const kindOf = (gate: Keys): GateKind => GATE_KINDS.find((kind) => kind in gate) ?? 'check';

/** A new gate of a kind; what it is about is filled in. */
export function newGate(kind: GateKind, role: string): Keys {
  switch (kind) {
    case 'check':
      return { check: '' };
    case 'verdict':
      return { verdict: role };
    case 'human':
      return { human: true };
  }
}

/** With another value for a key; nothing takes it out. */
export function withKey(keys: Keys, key: string, value: Scalar | null): Keys {
  const rest = Object.fromEntries(Object.entries(keys).filter(([known]) => known !== key));
  return value === null || value === '' ? rest : { ...rest, [key]: value };
}

export const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** The edits that make the keys of a table what they shall be. */
export function tableEdits(path: readonly string[], before: Keys, after: Keys): TeamEdit[] {
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])];
  const changed = names.filter((name) => !isSame(before[name] ?? null, after[name] ?? null));
  return changed.map((name) => ({ edit: 'set', key: [...path, name], value: after[name] ?? null }));
}

export type Kind = 'native' | 'claude' | 'codex' | 'acp' | 'mailbox';

export interface Field {
  readonly key: string;
  readonly label: string;
  readonly kinds: readonly Kind[];
  /** Text where nothing is said; choices have the default first. */
  readonly choices?: readonly string[];
  readonly type?: 'number' | 'list';
  readonly hint?: string;
}

const ALL: readonly Kind[] = ['native', 'claude', 'codex', 'acp', 'mailbox'];
const PROGRAMS: readonly Kind[] = ['claude', 'codex', 'acp'];

export const KINDS: readonly { readonly kind: Kind; readonly label: string }[] = [
  { kind: 'claude', label: 'Claude Code' },
  { kind: 'codex', label: 'Codex' },
  { kind: 'acp', label: 'another agent that speaks ACP' },
  { kind: 'native', label: 'a model, by our own agent' },
  { kind: 'mailbox', label: 'scripts, by files' },
];

/** What can be said about a provider, in the words of team.toml. */
export const FIELDS: readonly Field[] = [
  { key: 'api', label: 'API', kinds: ['native'], choices: ['anthropic', 'openai', 'gemini', 'ollama', 'playbook'] },
  { key: 'agent', label: 'Agent', kinds: ['acp'], choices: ['', 'gemini', 'opencode', 'claude', 'codex'] },
  { key: 'model', label: 'Model', kinds: ['native', 'claude', 'codex', 'acp'], hint: 'its own default' },
  { key: 'program', label: 'Program', kinds: PROGRAMS, hint: 'found on the PATH' },
  { key: 'key_env', label: 'Key', kinds: ['native', 'codex'], hint: 'name of a variable: ANTHROPIC_API_KEY' },
  { key: 'base_url', label: 'Address', kinds: ['native', ...PROGRAMS], hint: "the provider's own" },
  { key: 'billing', label: 'Who pays', kinds: ['claude', 'codex'], choices: ['subscription', 'api-key', 'any'] },
  { key: 'permissions', label: 'Unasked', kinds: PROGRAMS, choices: ['edit', 'ask', 'all', 'deny'] },
  { key: 'env', label: 'Variables', kinds: PROGRAMS, type: 'list', hint: 'names, handed to it besides the usual ones' },
  { key: 'context_tokens', label: 'Context', kinds: ['native'], type: 'number', hint: 'tokens that it takes at once' },
  { key: 'input_usd_per_mtok', label: '$ per Mtok in', kinds: ['native', 'codex', 'acp'], type: 'number', hint: 'where it is not known' },
  { key: 'cached_usd_per_mtok', label: '$ per Mtok cached', kinds: ['native', 'codex', 'acp'], type: 'number', hint: 'that of what goes in' },
  { key: 'output_usd_per_mtok', label: '$ per Mtok out', kinds: ['native', 'codex', 'acp'], type: 'number', hint: 'where it is not known' },
  { key: 'agents', label: 'At once', kinds: ALL, type: 'number', hint: '8' },
];

export const fieldsOf = (kind: Kind) => FIELDS.filter((field) => field.kinds.includes(kind));

/** What a field shows of a value. */
export function shownValue(value: Scalar | undefined): string {
  if (value === undefined) return '';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** What was typed, as a value; null is none. */
export function typedValue(field: Field, typed: string): Scalar | null {
  const text = typed.trim();
  if (text === '') return null;
  if (field.type === 'list') return text.split(/[\s,]+/).filter((word) => word !== '');
  if (field.type !== 'number') return text;
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

/** The table without keys that mean nothing for its kind. Keys that no form knows stay. */
export function ofKind(keys: Keys, kind: Kind): Keys {
  const foreign = FIELDS.filter((field) => !field.kinds.includes(kind)).map((field) => field.key);
  return { ...Object.fromEntries(Object.entries(keys).filter(([key]) => !foreign.includes(key))), kind };
}
