import { expect, test } from 'vitest';
import { FIELDS, fieldsOf, kindOf, newGate, ofKind, tableEdits, typedValue, withKey, type Field } from './gates';

test('only what was changed is written', () => {
  const before = { kind: 'native', api: 'ollama', model: 'qwen', agents: 2 };
  expect(tableEdits(['providers', 'local'], before, before)).toEqual([]);
  const after = withKey(withKey(before, 'model', 'llama'), 'agents', null);
  expect(tableEdits(['providers', 'local'], before, after)).toEqual([
    { edit: 'set', key: ['providers', 'local', 'model'], value: 'llama' },
    { edit: 'set', key: ['providers', 'local', 'agents'], value: null },
  ]);
});

test('another kind takes along what it means something for', () => {
  const native = { kind: 'native', api: 'anthropic', model: 'm', key_env: 'K', permissions: 'all' };
  expect(ofKind(native, 'claude')).toEqual({ kind: 'claude', model: 'm', permissions: 'all' });
  expect(ofKind(native, 'codex')).toEqual({ kind: 'codex', model: 'm', key_env: 'K', permissions: 'all' });
  expect(fieldsOf('mailbox').map((field) => field.key)).toEqual(['agents']);
});

test('what is typed becomes a value of its type', () => {
  const field = (key: string): Field => FIELDS.find((it) => it.key === key) ?? { key, label: key, kinds: [] };
  expect(typedValue(field('env'), 'A, B  C')).toEqual(['A', 'B', 'C']);
  expect(typedValue(field('agents'), ' 3 ')).toBe(3);
  expect(typedValue(field('agents'), 'three')).toBe('three');
  expect(typedValue(field('model'), '  ')).toBeNull();
});

test('a gate is of one kind', () => {
  for (const kind of ['check', 'verdict', 'human'] as const) expect(kindOf(newGate(kind, 'tester'))).toBe(kind);
  expect(kindOf({ check: 'make', timeout_minutes: 3 })).toBe('check');
});
