// Places in files that the output of a check names. Pure.

export interface Place {
  readonly path: string;
  readonly line: number;
}

/** More than these are no help. */
const PLACES_MAX = 6;
const NAMED = /([\w./@+-]*[\w-]\.\w+)(?::|\(|", line )(\d+)/g;

/** The places that a text names in one of these files, each once, in the order of the text. */
export function placesIn(text: string, files: readonly string[]): Place[] {
  const found: Place[] = [];
  for (const [, named = '', line] of text.matchAll(NAMED)) {
    const path = fileOf(named.replace(/^\.\//, ''), files);
    const isNew = !found.some((it) => it.path === path && it.line === Number(line));
    if (path !== undefined && isNew) found.push({ path, line: Number(line) });
    if (found.length === PLACES_MAX) break;
  }
  return found;
}

/** Output names files from where the command ran, or by their last part. */
function fileOf(named: string, files: readonly string[]): string | undefined {
  return files.find((path) => path === named || named.endsWith(`/${path}`) || path.endsWith(`/${named}`));
}
