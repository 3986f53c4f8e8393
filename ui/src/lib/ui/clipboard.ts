// What is copied.

/** Puts a text where it can be pasted from. Browsers have no such place for pages that came over a network unsealed. */
export async function write(text: string): Promise<void> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard === undefined) throw new Error('This browser lets only pages of this machine or over HTTPS copy.');
  await clipboard.writeText(text);
}
