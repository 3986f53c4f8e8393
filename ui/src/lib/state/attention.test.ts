import { expect, test } from 'vitest';
import type { InboxItem, Project, Status } from '$lib/api/types';
import { attention, elsewhere } from './attention';

const project = (id: number, name: string) => ({ id, name }) as Project;
const item = (of: number) => ({ project: of }) as InboxItem;

test('who wants most comes first, and says what', () => {
  const projects = [project(1, 'shop'), project(2, 'blog'), project(3, 'api')];
  const status = { projects: [{ id: 1, tasks: { no_signal: 1, done: 4 } }, { id: 2, tasks: { done: 9 } }] } as unknown as Status;
  const list = attention(projects, [item(1), item(1), item(3)], status);
  expect(list.map((it) => [it.project.name, it.score, it.words])).toEqual([
    ['shop', 3, '2 things wait, 1 agent without a signal'],
    ['api', 1, '1 thing waits'],
    ['blog', 0, ''],
  ]);
  expect(list[2]?.tasks.done).toBe(9);
  expect(elsewhere(list, projects[1] ?? null)).toBe(4);
  expect(elsewhere(list, null), 'all is looked at').toBe(0);
});

test('nothing is known yet', () => {
  expect(attention([project(1, 'shop')], [], null)).toMatchObject([{ score: 0, words: '', tasks: {} }]);
});
