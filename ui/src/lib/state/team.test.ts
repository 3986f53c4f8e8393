import { expect, test } from 'vitest';
import type { Team } from '$lib/api/types';
import { fieldOf, type FormOf, modeOf, ofMode, playerOf, players, stagesWith, withNames, withPlayer } from './team';

test('a role is played by a provider or by a tier', () => {
  const of = (names: string[]) => names.map((name) => ({ name })) as Team['providers'];
  const lists = [
    { name: 'cheap', providers: ['local'] },
    { name: 'expert', providers: [] },
  ];
  const tiers = { lists, rules: [], escalate_after: 1 } as unknown as Team['tiers'];
  expect(players({ providers: of(['local', 'claude']), tiers })).toEqual(['local', 'claude', 'tier:cheap']);
  const role = { provider: 'local', fallback: ['claude', 'tier:cheap'], agents: 2 };
  expect(withPlayer(role, 'tier:cheap')).toEqual({ tier: 'cheap', fallback: ['claude'], agents: 2 });
  expect(withPlayer({ tier: 'cheap' }, 'claude')).toEqual({ provider: 'claude' });
  expect(playerOf({ tier: 'cheap' })).toBe('tier:cheap');
  expect(playerOf({})).toBe('');
  expect(withNames(role, 'fallback', [])).toEqual({ provider: 'local', agents: 2 });
});

test('another mode brings what it needs and takes what means nothing', () => {
  const roles = ['pm', 'engineer', 'tester'];
  const stage = { owner: 'engineer', wip: 3 };
  expect(modeOf(stage)).toBe('sequence');
  const best = ofMode(stage, 'best-of-n', roles);
  expect(best).toEqual({ owner: 'engineer', wip: 3, mode: 'best-of-n', n: 2, judge: 'pm' });
  expect(ofMode(best, 'parallel', roles)).toEqual({ owner: 'engineer', wip: 3, mode: 'parallel', roles: ['engineer'] });
  expect(ofMode({ ...best, roles: ['engineer', 'pm'] }, 'queue', roles)).toEqual({ owner: 'engineer', wip: 3, mode: 'queue' });
  expect(ofMode(best, 'sequence', roles)).toEqual(stage);
  expect(ofMode({ owner: 'human' }, 'parallel', roles)).toEqual({ owner: 'human', mode: 'parallel' });
});

test('a role is needed where it works, chooses or judges', () => {
  const stage = (name: string, more: object) => ({ name, owner: 'pm', judge: null, workers: [], gates: [], ...more });
  const stages = [
    stage('a', { owner: 'x' }),
    stage('b', { workers: ['x'] }),
    stage('c', { judge: 'x' }),
    stage('d', { gates: [{ kind: 'verdict', role: 'x' }] }),
    stage('e', { gates: [{ kind: 'human' }] }),
  ] as unknown as Team['stages'];
  expect(stagesWith({ stages }, 'x')).toEqual(['a', 'b', 'c', 'd']);
});

test('a mistake stands beside its field', () => {
  const check = (key: string | null, expected: string | null, table: FormOf = 'stages', name = 'docs') => expect(fieldOf(key, table, name), key ?? '').toBe(expected);
  check('stages.docs.back', 'back');
  check('stages.docs.name', 'name');
  check('stages.docs.gates.2.verdict', 'gates');
  check('roles.docs', 'name', 'roles');
  check('roles.docs.agents', 'agents', 'roles');
  check('roles.docs.budget.day_usd', 'budget', 'roles');
  check('providers.claude.billing', 'billing', 'providers', 'claude');
  // A name that is no good may be anything.
  check('stages.All. Docs.name', 'name', 'stages', 'All. Docs');
  check('stages.review.back', null);
  check('stages.docs-2.back', null);
  check('stages', null);
  check('roles.docs.agents', null);
  // Another account is not in the form.
  check('providers.claude/work.billing', null, 'providers', 'claude');
  check(null, null);
});
