import { expect, test } from 'vitest';
import { changes, consequence, firstChoice, goesOn, isInWork, runsInWork } from './handover';

const providers = ['claude', 'codex', 'native'].map((name) => ({ name }));
const run = (state: string, more = {}) => ({ state, over: false, purpose: 'work', provider: 'claude', starts: 1, ...more });

test('only work that somebody has can be handed over', () => {
  expect(['working', 'consulting', 'choosing', 'judging'].every((phase) => isInWork({ open: true, phase }))).toBe(true);
  expect(['waiting', 'approving', 'landing', 'stuck', 'done'].some((phase) => isInWork({ open: true, phase }))).toBe(false);
  expect(isInWork({ open: false, phase: 'working' })).toBe(false);
  const runs = [run('done', { over: true }), run('saving'), run('running', { purpose: 'answer' }), run('asking'), run('queued')];
  expect(runsInWork(runs).map((it) => it.state)).toEqual(['asking', 'queued']);
});

test('the form begins with what was meant', () => {
  const runs = [run('running')];
  expect(firstChoice('model', runs, providers, new Set())).toBe('claude');
  expect(firstChoice('provider', runs, providers, new Set())).toBe('codex');
  expect(firstChoice('provider', runs, providers, new Set(['codex']))).toBe('native');
  expect(firstChoice('provider', runs, providers, new Set(['codex', 'native']))).toBe('codex');
  expect(firstChoice('provider', runs, [{ name: 'claude' }], new Set())).toBe('claude');
  expect(firstChoice('model', [], [], new Set())).toBe('');
});

test('what changes nothing is not offered', () => {
  const runs = [run('running')];
  expect(changes(runs, 'claude', ' ')).toBe(false);
  expect(changes(runs, 'claude', 'opus')).toBe(true);
  expect(changes(runs, 'codex', '')).toBe(true);
  expect(changes([], 'codex', '')).toBe(false);
  expect(changes([...runs, run('queued', { provider: 'codex' })], 'codex', '')).toBe(true);
});

test('it says what becomes of the work', () => {
  const runs = [run('running')];
  expect(consequence(runs, 'claude', false)).toContain('the same conversation');
  expect(consequence(runs, 'codex', false)).toContain('what is there');
  expect(consequence(runs, 'codex', true)).toContain('It is paused');
  expect(consequence([run('queued', { starts: 0 })], 'codex', false)).toContain('No agent has begun');
  expect([goesOn(12, 'codex', ''), goesOn(12, 'claude', ' opus ')]).toEqual(['#12 goes on with codex', '#12 goes on with claude/opus']);
});
