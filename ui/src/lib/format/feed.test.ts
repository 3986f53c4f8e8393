import { expect, test } from 'vitest';
import type { JournalEntry, Note } from '$lib/api/types';
import { byDay, dayBegin, feedLines, type FeedLine } from './feed';

function said(event: string, body: object, notes: Note[] = [], dropped: string | null = null) {
  const entry = { seq: 7, at: 1, event, body: body as never, notes, dropped } satisfies JournalEntry;
  return feedLines(entry).map((line) => [line.topic, line.role, line.task, line.text, line.detail]);
}

test('what is about a project and no task says which', () => {
  const entry = (event: string, body: object, notes: Note[]) => ({ seq: 1, at: 5, event, body, notes, dropped: null }) as unknown as JournalEntry;
  const [loaded] = feedLines(entry('team_loaded', {}, [{ note: 'project', project: 2 }]));
  expect(loaded).toMatchObject({ project: 2, task: null, text: 'team in use' });
  const [lifted] = feedLines(entry('limit_lifted', { project: 3, provider: 'codex' }, []));
  expect(lifted).toMatchObject({ project: 3, task: null });
  const [paused] = feedLines(entry('task_paused', { project: 3, task: 4 }, []));
  expect(paused).toMatchObject({ project: null, task: 4 });
});

test('a wish of the human comes before what came of it', () => {
  const notes: Note[] = [{ note: 'stage', task: 3, from: 'needs-review', to: 'in-progress' }];
  expect(said('rejected', { task: 3, why: '\n too slow\nand long' }, notes)).toEqual([
    ['human', 'human', 3, 'changes requested', 'too slow'],
    ['human', null, 3, 'needs-review → in-progress', null],
  ]);
});

test('the human interrupts and hands over', () => {
  expect(said('task_interrupted', { task: 3 })).toEqual([['human', 'human', 3, 'interrupted', null]]);
  const to = { provider: 'codex', model: 'gpt-5.5' };
  expect(said('limit_lifted', { project: 1, provider: 'codex' })).toEqual([['human', 'human', null, 'had codex tried before its limit is over', null]]);
  expect(said('task_handed_over', { task: 3, to })).toEqual([['human', 'human', 3, 'handed over', 'codex/gpt-5.5']]);
});

test('a question is news', () => {
  expect(said('questioned', { task: 3, whom: 'author', question: 'Why a queue?' })).toEqual([
    ['human', 'human', 3, 'asked who did it', 'Why a queue?'],
  ]);
});

test('bookkeeping is not shown', () => {
  expect(said('ticked', {})).toEqual([]);
  expect(said('said', {}, [{ note: 'run', run: 1, task: 2, role: 'pm', state: 'saving', why: null }])).toEqual([]);
  expect(said('approved', { task: 1 }, [], 'too late')).toEqual([]);
});

test('what a rule allows is bookkeeping, what it denies is news', () => {
  const ask = (state: string, why: string | null): Note => ({ note: 'ask', ask: 4, task: 2, state, why });
  expect(said('said', {}, [ask('answered', 'allowed by rule 1 of engineer (allow command make)')])).toEqual([]);
  const denied = 'denied by rule 2 of engineer (deny path src/**)';
  expect(said('said', {}, [ask('answered', denied)])).toEqual([['trouble', null, 2, `a4 ${denied}`, null]]);
  expect(said('answered_always', { permission: 'allow' }, [ask('answered', null)])).toEqual([
    ['human', 'human', 2, 'answered for always', 'allow'],
  ]);
});

test('agents come and go', () => {
  const run = (state: string): Note => ({ note: 'run', run: 4, task: 2, role: 'tester', state, why: null });
  expect(said('settled', {}, [run('running')])).toEqual([['agents', 'tester', 2, 'at work', null]]);
  expect(said('settled', {}, [run('error')])).toEqual([['trouble', 'tester', 2, 'failed', null]]);
});

test('lines of a day stand together, also when a clock was set back', () => {
  const at = (day: number, hour: number) => ({ at: new Date(2026, 9, day, hour).getTime(), key: `${day}.${hour}` }) as FeedLine;
  const days = byDay([at(26, 9), at(26, 0), at(25, 23), at(25, 0), at(24, 5), at(25, 1)]);
  expect(days.map((day) => day.lines.map((line) => line.key))).toEqual([['26.9', '26.0'], ['25.23', '25.0'], ['24.5'], ['25.1']]);
  expect(days[0]?.begin).toBe(dayBegin(at(26, 12).at));
  expect(byDay([])).toEqual([]);
});
