import { expect, test, vi } from 'vitest';
import type { Client } from '$lib/api/client';
import { TeamFiles } from './files.svelte';

function crew(text: string) {
  let file = { name: 'team.toml', version: 'v1', text };
  const saved = vi.fn((_: number, wanted: typeof file) => {
    if (wanted.version !== file.version) return Promise.reject(new Error('changed meanwhile'));
    file = { ...wanted, version: `${file.version}+` };
    return Promise.resolve(file);
  });
  const client = {
    files: () => Promise.resolve({ files: [file] }),
    saveFile: saved,
    checkFile: () => Promise.resolve({ mistakes: [], team: null }),
  } as unknown as Client;
  return { client, change: (to: string) => (file = { ...file, text: to, version: `${file.version}'` }) };
}

async function opened(text: string) {
  const house = crew(text);
  const files = new TeamFiles(house.client, 1);
  await files.read();
  const draft = files.drafts[0];
  if (draft === undefined) throw new Error('no file');
  return { ...house, files, draft };
}

test('what is typed is kept until it is saved', async () => {
  const { files, draft } = await opened('a');
  expect(draft.dirty).toBe(false);
  draft.text = 'b';
  expect(draft.dirty).toBe(true);
  await files.read();
  expect(draft.text).toBe('b');
  await draft.save();
  expect(draft.dirty).toBe(false);
});

test('what changes on disk is shown, but never over what is typed', async () => {
  const { files, draft, change } = await opened('a');
  change('b');
  await files.read();
  expect(draft.text).toBe('b');
  draft.text = 'mine';
  change('theirs');
  await files.read();
  expect([draft.text, draft.overtaken]).toEqual(['mine', true]);
  draft.revert();
  expect([draft.text, draft.dirty]).toEqual(['theirs', false]);
});
