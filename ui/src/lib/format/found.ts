// Words that were found, marked in the text around them. Pure.

export interface Part {
  readonly text: string;
  readonly isFound: boolean;
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The text in parts: what was looked for, and what is between. */
export function parts(text: string, words: string): Part[] {
  const wanted = words.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  if (wanted.length === 0) return [{ text, isFound: false }];
  const any = new RegExp(`(${wanted.map(escaped).join('|')})`, 'giu');
  return text
    .split(any)
    .map((part, at) => ({ text: part, isFound: at % 2 === 1 }))
    .filter((part) => part.text !== '');
}
