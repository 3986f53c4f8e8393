import { expect, test } from 'vitest';
import { linksOf } from './links';

const none = { issue: null, issue_url: null, pull: null, pull_url: null, pr: null };

test('only addresses become links', () => {
  expect(linksOf(none)).toEqual([]);
  expect(linksOf({ ...none, pr: 'javascript:alert(1)' })).toEqual([]);
  expect(linksOf({ ...none, pr: 'my branch' })).toEqual([]);
  const both = linksOf({ issue: 4, issue_url: 'https://github.com/a/b/issues/4', pull: 7, pull_url: 'https://github.com/a/b/pull/7', pr: null });
  expect(both.map((link) => link.label)).toEqual(['issue #4 on GitHub', 'pull request #7 on GitHub']);
});
