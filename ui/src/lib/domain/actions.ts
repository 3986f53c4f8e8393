// What a human can do about a task, the same in the card's menu and on the board.

import { goto } from '$app/navigation';
import type { Card } from '$lib/api/types';
import { addressOf } from '$lib/format/address';
import type { App } from '$lib/state/app.svelte';
import { isInWork, type Wanted } from '$lib/state/handover';
import { write } from '$lib/ui/clipboard';
import type { Choice } from '$lib/ui/Menu.svelte';

export function taskActions(app: App, card: Card): Choice[] {
  const { client, notices } = app;
  const id = card.id;
  const pause: Choice = card.paused
    ? { label: 'Resume', icon: 'play', keys: 'p', action: () => void notices.attempt(() => client.resume(id), `#${id} resumed`) }
    : { label: 'Pause', icon: 'pause', keys: 'p', action: () => void notices.attempt(() => client.pause(id), `#${id} paused`) };
  const whileOpen: Choice[] = card.open
    ? [
        pause,
        { label: 'Edit', icon: 'edit', keys: 'e', action: () => (app.overlay = { kind: 'edit-task', task: id }) },
        { label: 'Pin an anchor', icon: 'pin', action: () => (app.overlay = { kind: 'pin', task: id }) },
        ...handOvers(app, card),
        ...moves(app, card),
      ]
    : [];
  const end: Choice[] = card.open
    ? [{ label: 'Give up', icon: 'cancelled', tone: 'danger', action: () => (app.overlay = { kind: 'give-up', task: id }) }]
    : [];
  return [
    { label: 'Open as a page', icon: 'expand', action: () => openPage(app, id) },
    { label: 'Copy link', icon: 'copy', action: () => void copyLink(app, id) },
    { label: 'Ask who did it', icon: 'remark', action: () => (app.overlay = { kind: 'question', task: id }) },
    ...whileOpen,
    ...end,
  ];
}

/** Who else can go on with what is being done on it. */
function handOvers(app: App, card: Card): Choice[] {
  if (!isInWork(card)) return [];
  const open = (wanted: Wanted) => () => (app.overlay = { kind: 'hand-over', task: card.id, wanted });
  const model: Choice = { label: 'Change model', icon: 'thought', action: open('model') };
  const providers = app.crew.team(card.project)?.providers ?? [];
  return providers.length > 1 ? [{ label: 'Hand over', icon: 'team', action: open('provider') }, model] : [model];
}

/** Every other stage that it can be put into by hand. */
export function moves(app: App, card: Card): Choice[] {
  const stages = app.crew.team(card.project)?.stages ?? [];
  return stages
    .filter((stage) => stage.name !== card.stage && stage.mode !== 'end')
    .map((stage) => ({ label: `Move to ${stage.name}`, icon: 'arrow', action: () => void move(app, card.id, stage.name) }));
}

export function move(app: App, id: number, stage: string) {
  return app.notices.attempt(() => app.client.move(id, stage), `#${id} moved to ${stage}`);
}

function openPage(app: App, id: number) {
  app.drawer = null;
  void goto(`/task/${id}`);
}

/** Copies the address of a task, or of a place in what a run of it said. The token is in none: it stays in this window. */
export function copyLink(app: App, task: number, run: number | null = null, place: string | null = null) {
  const what = run === null ? `#${task}` : place === null ? `r${run} of #${task}` : `this place in r${run} of #${task}`;
  const address = addressOf(location.origin, task, run, place);
  return app.notices.attempt(() => write(address), `Link to ${what} copied. It opens in a window that has a token`);
}
