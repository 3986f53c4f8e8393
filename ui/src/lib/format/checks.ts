// What a task has to pass, as dots: a sign, a tone and words. Pure.

import type { Check, PullView } from '$lib/api/types';
import type { Tone } from './words';

export interface Dot {
  readonly check: Check;
  /** What is drawn in it, so that the colour says nothing alone. */
  readonly sign: '' | '✓' | '✗' | '?' | '!';
  readonly tone: Tone;
  readonly name: string;
  /** How it stands, for people. */
  readonly says: string;
}

type Said = Pick<Dot, 'sign' | 'tone' | 'says'>;

const STANDS: Record<Check['state'], Said> = {
  ahead: { sign: '', tone: 'quiet', says: 'to come' },
  running: { sign: '', tone: 'live', says: 'runs' },
  waits: { sign: '?', tone: 'warn', says: 'waits for you' },
  passed: { sign: '✓', tone: 'ok', says: 'passed' },
  failed: { sign: '✗', tone: 'bad', says: 'did not pass' },
  not_run: { sign: '!', tone: 'bad', says: 'did not run' },
};

function nameOf(check: Check): string {
  switch (check.kind) {
    case 'check':
      return check.name;
    case 'verdict':
      return `verdict of ${check.name}`;
    case 'approval':
      return 'your approval';
    case 'merge':
      return 'merge';
    case 'ci':
      return 'checks on GitHub';
  }
}

/** A check on GitHub. */
export const ON_GITHUB: Record<PullView['checks'][number]['state'], Said> = {
  pending: STANDS.running,
  passed: STANDS.passed,
  failed: STANDS.failed,
  neutral: { sign: '', tone: 'quiet', says: 'says neither' },
};

/** What a review on GitHub comes to. */
export const REVIEWED: Record<PullView['reviews'][number]['verdict'], Said> = {
  approved: { sign: '✓', tone: 'ok', says: 'approves' },
  changes_requested: { sign: '✗', tone: 'bad', says: 'requests changes' },
  commented: { sign: '', tone: 'quiet', says: 'commented' },
};

/** How a pull request is. */
export const PULL_STATES: Record<PullView['state'], string> = {
  draft: 'a draft',
  ready: 'asks for reviews',
  closed: 'closed',
  merged: 'merged there',
};

export function dots(checks: readonly Check[]): Dot[] {
  return checks.map((check) => ({ check, name: nameOf(check), ...STANDS[check.state] }));
}

/** The dots of a card: none as long as nothing was asked. */
export function dotsOfCard(checks: readonly Check[]): Dot[] {
  return checks.some((check) => check.state !== 'ahead') ? dots(checks) : [];
}

/** All of them in one sentence. */
export function sentence(shown: readonly Dot[]): string {
  return shown.map((dot) => `${dot.name}: ${dot.says}`).join(', ');
}
