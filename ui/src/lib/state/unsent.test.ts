import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '$lib/api/client';
import type { InboxItem, Receipt } from '$lib/api/types';
import { Notices } from './notices.svelte';
import { HELD_MS, UNDO_MS, Unsent } from './unsent.svelte';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const approval = (task: number, commit = 'c1') => ({ kind: 'approval', ask: null, task, commit }) as InboxItem;

function desk(...inbox: InboxItem[]) {
  const sent: number[] = [];
  const returned: string[] = [];
  const known = { ready: true, seq: 10, inbox };
  const notices = new Notices();
  const unsent = new Unsent(known, notices);
  let answer: () => Promise<Receipt> = () => Promise.resolve({ seq: 12, at: 0 });
  const approve = (item: InboxItem) =>
    unsent.take({
      item,
      did: `#${item.task} approved`,
      not: `#${item.task} was not approved`,
      send: () => {
        sent.push(item.task);
        return answer();
      },
      returned: (why) => returned.push(why),
    });
  const answers = (with_: () => Promise<Receipt>) => (answer = with_);
  const said = () => notices.list.map((notice) => notice.text);
  return { sent, returned, known, notices, unsent, approve, answers, said };
}

test('a decision is seen at once, sent after a while, and hidden until the daemon has told what came of it', async () => {
  const three = approval(3);
  const { sent, known, unsent, approve, said } = desk(three);
  approve(three);
  expect([unsent.hides(three), said(), sent]).toEqual([true, ['#3 approved'], []]);
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect([sent, said(), unsent.hides(three)]).toEqual([[3], [], true]);
  known.seq = 12;
  expect(unsent.hides(three)).toBe(false);
  expect(unsent.undo()).toBe(false);
});

test('who leaves waits until the daemon has everything, and sees what it did not take', async () => {
  const [three, four] = [approval(3), approval(4)];
  const { sent, unsent, approve, answers, said } = desk(three, four);
  expect(unsent.leave()).toBe('go');
  let arrive: (receipt: Receipt) => void = () => undefined;
  answers(() => new Promise((next) => (arrive = next)));
  approve(three);
  expect([unsent.leave(), unsent.leave(), sent]).toEqual(['wait', 'wait', [3]]);
  arrive({ seq: 12, at: 0 });
  await vi.advanceTimersByTimeAsync(0);
  expect(unsent.leave()).toBe('go');
  answers(() => Promise.reject(new Problem('invalid', 'there is another commit')));
  approve(four);
  expect(unsent.leave()).toBe('wait');
  await vi.advanceTimersByTimeAsync(0);
  expect([unsent.leave(), unsent.leave()]).toEqual(['stay', 'go']);
  expect(said().join()).toContain('#4 was not approved');
});

test('what is taken back was never sent, the newest first', async () => {
  const [three, four] = [approval(3), approval(4)];
  const { sent, returned, unsent, approve, said } = desk(three, four);
  approve(three);
  approve(four);
  expect(unsent.undo()).toBe(true);
  expect([unsent.hides(three), unsent.hides(four)]).toEqual([true, false]);
  expect(said()).toEqual(['#3 approved', 'Undone: #4 waits for you again']);
  await vi.advanceTimersByTimeAsync(2 * UNDO_MS);
  expect([sent, returned]).toEqual([[3], ['undone']]);
});

test('all of it is sent at once when the page goes, and once only', async () => {
  const [three, four] = [approval(3), approval(4)];
  const { sent, unsent, approve } = desk(three, four);
  approve(three);
  approve(four);
  void unsent.flush();
  void unsent.flush();
  expect(sent).toEqual([3, 4]);
  await vi.advanceTimersByTimeAsync(2 * UNDO_MS);
  expect(sent).toEqual([3, 4]);
});

test('what is told about a task comes after what was decided about it', async () => {
  const [three, four] = [approval(3), approval(4)];
  const { sent, unsent, approve, answers } = desk(three, four);
  let arrive = () => {};
  answers(() => new Promise((then) => (arrive = () => then({ seq: 12, at: 0 }))));
  approve(three);
  approve(four);
  let over = false;
  const flushed = unsent.flush(3).then(() => (over = true));
  await vi.advanceTimersByTimeAsync(0);
  expect([sent, over]).toEqual([[3], false]);
  arrive();
  await flushed;
  expect(sent).toEqual([3]);
});

test('what could not be sent waits again, with the reason', async () => {
  const three = approval(3);
  const { returned, notices, unsent, approve, answers } = desk(three);
  answers(() => Promise.reject(new Problem('offline', 'The daemon cannot be reached.', 'Start it.')));
  approve(three);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect([unsent.hides(three), returned]).toEqual([false, ['failed']]);
  expect(notices.list).toMatchObject([{ tone: 'bad', text: '#3 was not approved: The daemon cannot be reached.', hint: 'Start it.' }]);
  approve(three);
  expect(unsent.hides(three)).toBe(true);
});

test('what was decided elsewhere meanwhile, or has another commit, is not sent', async () => {
  const [three, four] = [approval(3), approval(4)];
  const { sent, known, unsent, approve, said } = desk(three, four);
  approve(three);
  approve(four);
  known.inbox = [approval(4, 'c2')];
  expect(unsent.hides(approval(4, 'c2'))).toBe(false);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(sent).toEqual([]);
  expect(said()[0]).toMatch(/^#3 was not approved here: it was decided elsewhere/);
});

test('nobody is hurried who is at the button; who wants it out of sight has it sent', async () => {
  const three = approval(3);
  const { sent, notices, approve } = desk(three);
  approve(three);
  notices.list[0]?.offer?.hold(true);
  await vi.advanceTimersByTimeAsync(HELD_MS - 1);
  expect(sent).toEqual([]);
  notices.list[0]?.offer?.hold(false);
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
  expect(sent).toEqual([]);
  const notice = notices.list[0];
  if (notice !== undefined) notices.close(notice);
  expect(sent).toEqual([3]);
});
