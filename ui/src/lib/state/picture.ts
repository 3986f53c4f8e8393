// What is known of the crew, and how it changes by what the daemon tells. Pure.

import type { Card, Changes, InboxItem, JournalEntry, Status, StreamMessage } from '$lib/api/types';

/** Entries that are kept for the feed. */
export const ENTRIES_MAX = 600;

export interface Picture {
  /** Position in the journal up to which this is so. */
  readonly seq: number;
  readonly tasks: ReadonlyMap<number, Card>;
  readonly status: Status;
  readonly inbox: readonly InboxItem[];
  readonly entries: readonly JournalEntry[];
}

export type Applied =
  | { readonly kind: 'next'; readonly picture: Picture }
  /** Something is missing: read it all again. */
  | { readonly kind: 'gap' };

/** The picture after a message. What was told before changes nothing. */
export function applied(picture: Picture, message: StreamMessage): Applied {
  switch (message.type) {
    case 'gap':
      return { kind: 'gap' };
    case 'live':
      return { kind: 'next', picture: { ...picture, status: withLines(picture.status, message) } };
    case 'changes':
      return changed(picture, message);
  }
}

function changed(picture: Picture, changes: Changes): Applied {
  if (changes.seq <= picture.seq) return { kind: 'next', picture };
  const fresh = changes.entries.filter((entry) => entry.seq > picture.seq);
  if (fresh[0] !== undefined && fresh[0].seq !== picture.seq + 1) return { kind: 'gap' };
  const tasks = new Map(picture.tasks);
  for (const card of changes.tasks) tasks.set(card.id, card);
  const entries = [...picture.entries, ...fresh].slice(-ENTRIES_MAX);
  const { seq, status } = changes;
  const inbox = changes.inbox ?? picture.inbox;
  return { kind: 'next', picture: { seq, tasks, status, inbox, entries } };
}

function withLines(status: Status, message: Extract<StreamMessage, { type: 'live' }>): Status {
  const lines = new Map(message.agents.map((agent) => [agent.run, agent.live]));
  const agents = status.agents.map((agent) => {
    const live = lines.get(agent.run);
    return live === undefined ? agent : { ...agent, live };
  });
  return { ...status, agents };
}
