import { expect, test } from 'vitest';
import type { Run, TaskStatus } from '$lib/api/types';
import { addressee, delivered } from './delivery';

const runs = [{ id: 4, role: 'engineer' } as Run];
const status = (word: string) => ({ word }) as TaskStatus;

test('the field says whom it reaches', () => {
  expect(addressee({ listener: 4, runs, status: status('working') }).hint).toContain('engineer: r4 is at work and is told now');
  expect(addressee({ listener: null, runs, status: status('queued') }).hint).toContain('waits for the next run');
  expect(addressee({ listener: null, runs, status: status('interrupted') }).hint).toContain('it goes on');
});

test('a remark says how far it has come', () => {
  expect(delivered({ word: 'heard', run: 4 })).toBe('r4 knows it');
  expect(delivered({ word: 'on_its_way', run: 4 })).toBe('on its way to r4');
  expect(delivered({ word: 'next', run: null })).toBe('waits for the next run');
});
