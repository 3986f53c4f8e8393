// Roles and stages as forms: what is written in team.toml, what is wanted, and where a mistake belongs. Pure.

import type { Scalar, Team } from '$lib/api/types';
import { withKey, type Keys } from './gates';

/** What a tier is called where a provider could stand. */
const TIER = 'tier:';

/** Who can play a role: each provider, and each tier that has some. */
export function players(team: Pick<Team, 'providers' | 'tiers'>): string[] {
  const tiers = team.tiers.lists.filter((tier) => tier.providers.length > 0);
  return [...team.providers.map((it) => it.name), ...tiers.map((it) => TIER + it.name)];
}

/** Who plays a role first, as it is chosen. */
export const playerOf = (role: Keys) => (role.tier === undefined ? String(role.provider ?? '') : TIER + String(role.tier));

export function withPlayer(role: Keys, player: string): Keys {
  const tier = player.startsWith(TIER) ? player.slice(TIER.length) : null;
  const played = withKey(withKey(role, 'tier', tier), 'provider', tier === null ? player : null);
  // Who plays it does not step in for itself.
  return withNames(played, 'fallback', names(role.fallback).filter((it) => it !== player));
}

/** A list of names, as it is written. */
export const names = (value: Scalar | undefined): string[] => (Array.isArray(value) ? value : []);

export const withNames = (keys: Keys, key: string, list: readonly string[]): Keys => withKey(keys, key, list.length > 0 ? [...list] : null);

export const MODES = ['sequence', 'parallel', 'best-of-n', 'queue'] as const;
export type Mode = (typeof MODES)[number];

export const MODE_WORDS: Record<Mode, string> = {
  sequence: 'one after the other',
  parallel: 'at the same time, all is kept',
  'best-of-n': 'several try, the best is kept',
  queue: 'nobody: tasks wait for room',
};

export const modeOf = (stage: Keys): Mode => MODES.find((mode) => mode === stage.mode) ?? 'sequence';

/** The stage with another mode: without what means nothing in it, and with what it needs. */
export function ofMode(stage: Keys, mode: Mode, roles: readonly string[]): Keys {
  const own = names(stage.roles);
  const plain = withKey(withKey(withKey(stage, 'n', null), 'judge', null), 'mode', mode === 'sequence' ? null : mode);
  const workers = own.length > 0 ? own : [String(stage.owner)].filter((it) => it !== 'human');
  switch (mode) {
    case 'sequence':
      return plain;
    case 'queue':
      return withKey(plain, 'roles', null);
    case 'parallel':
      return withNames(plain, 'roles', workers);
    case 'best-of-n': {
      const judge = stage.judge ?? roles.find((it) => !workers.includes(it)) ?? null;
      return withKey(withKey(plain, 'n', stage.n ?? Math.max(2, own.length)), 'judge', judge);
    }
  }
}

/** The stages in which a role works, decides or judges. */
export function stagesWith(team: Pick<Team, 'stages'>, role: string): string[] {
  const judges = (stage: Team['stages'][number]) => stage.gates.some((gate) => gate.kind === 'verdict' && gate.role === role);
  const needs = (stage: Team['stages'][number]) => stage.owner === role || stage.judge === role || stage.workers.includes(role) || judges(stage);
  return team.stages.filter(needs).map((stage) => stage.name);
}

/** What the daemon says of a table, and the field that it is about. The first that fits. */
const FIELDS: readonly (readonly [RegExp, string])[] = [
  [/already$|^two stages are called|is you, and no role|^a name|^`.*` is not a name/, 'name'],
  [/has gates but no `back`|\.back\b/, 'back'],
  [/there is no stage|dead end|one `next`/, 'next'],
  [/`roles` with two names/, 'roles'],
  [/needs `n`/, 'n'],
  [/visits and wip/, 'wip'],
  [/asks for nothing|a gate is one of|would judge its own work/, 'gates'],
  [/\.agents is 0|one task at a time/, 'agents'],
  [/step in for itself|steps in for others|\.fallback/, 'fallback'],
  [/session = /, 'session'],
  [/asks_expire/, 'asks_expire'],
  [/there is no provider|a `provider` or a `tier`|nobody is of the tier/, 'provider'],
];

/** The field of the form of `name` that a message is about; null is none of them. */
export function fieldOf(message: string, name: string): string | null {
  for (const line of message.split('\n')) {
    const about = /(?:stages|roles)\.([a-z][a-z0-9-]*)/.exec(line)?.[1] ?? name;
    const field = about === name ? FIELDS.find(([words]) => words.test(line)) : undefined;
    if (field) return field[1];
  }
  return null;
}
