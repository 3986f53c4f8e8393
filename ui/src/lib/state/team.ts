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

/** The tables of team.toml that have forms. */
export type FormOf = 'roles' | 'stages' | 'providers';

/** The field of the form of `name` in `table` that a key of team.toml is about; null is none of them. */
export function fieldOf(key: string | null, table: FormOf, name: string): string | null {
  const own = `${table}.${name}`;
  if (key === own) return 'name';
  if (!key?.startsWith(`${own}.`)) return null;
  return key.slice(own.length + 1).split('.')[0] ?? null;
}
