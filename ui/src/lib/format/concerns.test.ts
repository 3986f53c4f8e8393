import { expect, test } from 'vitest';
import type { Card, Status } from '$lib/api/types';
import { concerns } from './concerns';

const card = (id: number, more: Partial<Card> = {}) => [id, { id, project: 1, open: true, paused: false, issue_trouble: null, pull_trouble: null, ...more } as Card] as const;
const house = (more: object = {}) => ({ now: 600_000, agents: [], projects: [{ id: 1, overlaps: [] }], ...more }) as unknown as Status;
const all = () => true;

test('an agent without a signal is told of, with its run', () => {
  const agent = { run: 7, task: 3, project: 1, role: 'engineer', quiet_since: 0 };
  const status = house({ agents: [agent, { ...agent, run: 8, quiet_since: null }] });
  expect(concerns(status, new Map(), all)).toMatchObject([{ what: 'engineer has said nothing for 10 min', tasks: [3], run: 7, pause: 3 }]);
  expect(concerns(status, new Map(), () => false)).toEqual([]);
});

test('the same trouble with GitHub is told once', () => {
  const cards = new Map(Array.from({ length: 8 }, (_, n) => card(n + 1, { pull_trouble: 'the token may not write' })));
  const found = concerns(house(), cards, all);
  expect(found).toMatchObject([{ what: 'GitHub does not show the work of these and 2 more tasks', why: 'the token may not write' }]);
  expect(found[0]?.tasks).toEqual([1, 2, 3, 4, 5, 6]);
});

test('tasks that change the same files are told of; the newer one may be held back', () => {
  const overlap = { first: 1, second: 2, files: ['a.rs'], files_total: 3 };
  const status = house({ projects: [{ id: 1, overlaps: Array.from({ length: 7 }, () => overlap) }] });
  const found = concerns(status, new Map([card(1), card(2)]), all);
  expect(found.length).toBe(5);
  expect(found[0]).toMatchObject({ what: '#1 and #2 change a.rs and 2 more files', pause: 2 });
  expect(found[4]?.why).toContain('2 more pairs change the same files');
  expect(concerns(status, new Map([card(2, { paused: true })]), all)[0]?.pause).toBeNull();
});
