// The rooms of the house, in the order of the rail.

import type { IconName } from '$lib/ui/icons';

export interface Room {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
  /** After `g`. */
  readonly letter: string;
}

export const ROOMS: readonly Room[] = [
  { path: '/', label: 'Mission Control', icon: 'mission', letter: 'm' },
  { path: '/board', label: 'Board', icon: 'board', letter: 'b' },
  { path: '/inbox', label: 'Inbox', icon: 'inbox', letter: 'i' },
  { path: '/review', label: 'Review', icon: 'review', letter: 'r' },
  { path: '/costs', label: 'Costs', icon: 'costs', letter: 'c' },
  { path: '/team', label: 'Team', icon: 'team', letter: 't' },
  { path: '/settings', label: 'Settings', icon: 'settings', letter: 's' },
];

export interface Shortcut {
  readonly keys: string;
  readonly what: string;
}

export const SHORTCUTS: readonly { readonly where: string; readonly keys: readonly Shortcut[] }[] = [
  {
    where: 'Everywhere',
    keys: [
      { keys: 'Ctrl K', what: 'Command palette' },
      { keys: 'Ctrl ⇧ F', what: 'Find words' },
      { keys: 'c', what: 'New task' },
      { keys: '/', what: 'Filter, or find words' },
      { keys: 'u', what: 'Undo: an approval, requested changes' },
      { keys: 'Esc', what: 'Back, close' },
      { keys: '?', what: 'These keys' },
      ...ROOMS.map((room) => ({ keys: `g ${room.letter}`, what: room.label })),
      { keys: 'g n', what: 'Notices' },
    ],
  },
  {
    where: 'Board',
    keys: [
      { keys: 'j k', what: 'Down, up' },
      { keys: 'h l', what: 'Left, right' },
      { keys: '⏎', what: 'Open' },
      { keys: 'm', what: 'Move' },
      { keys: 'p', what: 'Pause, resume' },
      { keys: 'e', what: 'Edit' },
      { keys: '.', what: 'Actions' },
    ],
  },
  {
    where: 'A task',
    keys: [
      { keys: 'p', what: 'Pause, resume' },
      { keys: 'e', what: 'Edit' },
      { keys: 'a a', what: 'Approve, where it waits for that' },
      { keys: 'r', what: 'Request changes' },
      { keys: '1 … 9', what: 'Choose an answer' },
      { keys: 'y', what: 'Answer for always' },
    ],
  },
  {
    where: 'Inbox',
    keys: [
      { keys: 'j k', what: 'Next, previous' },
      { keys: 'a a', what: 'Approve' },
      { keys: 'r', what: 'Request changes' },
      { keys: '1 … 9', what: 'Choose an answer' },
      { keys: 'y', what: 'Answer for always' },
      { keys: 'i', what: 'Write an answer' },
      { keys: 't', what: 'Try a limited provider now' },
      { keys: '⏎', what: 'Open the task' },
    ],
  },
  {
    where: 'Review, trash',
    keys: [{ keys: 'j k', what: 'Next, previous' }],
  },
];
