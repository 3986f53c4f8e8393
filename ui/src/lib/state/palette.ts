// The command palette: what fits what was typed, the best first. Pure.

export interface Command {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly keys?: string;
  readonly icon: import('$lib/ui/icons').IconName;
  readonly action: () => void;
}

const SHOWN = 60;

/** How well a text fits: lower is better; null is not at all. Letters may be skipped, words begun. */
export function score(text: string, query: string): number | null {
  const [hay, needle] = [text.toLowerCase(), query.toLowerCase().trim()];
  if (needle === '') return 0;
  const at = hay.indexOf(needle);
  if (at === 0) return 0;
  if (at > 0) return /[\s#-]/.test(hay[at - 1] ?? '') ? 1 : 2;
  let from = 0;
  let gaps = 0;
  for (const letter of needle.replaceAll(' ', '')) {
    const found = hay.indexOf(letter, from);
    if (found === -1) return null;
    gaps += found - from;
    from = found + 1;
  }
  return gaps > 24 ? null : 3 + gaps;
}

export function fitting(commands: readonly Command[], query: string): Command[] {
  const scored = commands.flatMap((command, at) => {
    const found = score(`${command.label} ${command.hint ?? ''}`, query);
    return found === null ? [] : [{ command, found, at }];
  });
  scored.sort((a, b) => a.found - b.found || a.at - b.at);
  return scored.slice(0, SHOWN).map(({ command }) => command);
}
