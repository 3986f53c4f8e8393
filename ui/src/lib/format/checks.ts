// What a task has to pass, as dots: a sign, a tone and words. Pure.

import type { Check } from '$lib/api/types';
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

const STANDS: Record<Check['state'], Pick<Dot, 'sign' | 'tone' | 'says'>> = {
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
