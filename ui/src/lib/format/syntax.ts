// Enough of a syntax for diffs to be read: comments, texts, numbers, words of the language. Not a
// parser: a line stands for itself.

export type TokenKind = 'plain' | 'comment' | 'text' | 'number' | 'word';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const WORDS = new Set(
  ('abstract as async await break case catch class const continue def default delete do elif else enum ' +
    'export extends extern false final finally fn for from func function if impl import in interface is ' +
    'let loop match mod move mut new nil none None not null or package pass private protected pub public ' +
    'raise ref return self Self static struct super switch then this throw trait true True False try type ' +
    'typeof undefined union unsafe use var void where while with yield end begin fi done esac local').split(' '),
);

const HASH = /\.(py|rb|sh|bash|toml|ya?ml|r|pl|mk|cfg|ini|conf|awk)$|(^|\/)(Makefile|Dockerfile|[^./]+)$/;
const SLASH = /\.(rs|[cm]?[jt]sx?|svelte|go|java|kt|swift|c|h|cc|cpp|hpp|cs|scss|css|php|zig|dart)$/;
const PATTERNS = {
  hash: /(#.*$)|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\b(\d[\w.]*)\b|([A-Za-z_]\w*)/g,
  slash: /(\/\/.*$|\/\*.*?(?:\*\/|$))|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|\b(\d[\w.]*)\b|([A-Za-z_]\w*)/g,
};
/** Longer lines are not read by people. */
const CHARS_MAX = 2_000;

/** The pieces of a line; put together they are the line. */
export function tokens(path: string, line: string): Token[] {
  const family = SLASH.test(path) ? 'slash' : HASH.test(path) ? 'hash' : null;
  if (family === null || line.length > CHARS_MAX) return [{ kind: 'plain', text: line }];
  const found: Token[] = [];
  const push = (kind: TokenKind, text: string) => {
    const last = found.at(-1);
    if (kind === 'plain' && last?.kind === 'plain') found[found.length - 1] = { kind, text: last.text + text };
    else if (text !== '') found.push({ kind, text });
  };
  let end = 0;
  for (const match of line.matchAll(PATTERNS[family])) {
    push('plain', line.slice(end, match.index));
    const [all, comment, text, number] = match;
    if (comment !== undefined) push('comment', all);
    else if (text !== undefined) push('text', all);
    else if (number !== undefined) push('number', all);
    else push(WORDS.has(all) ? 'word' : 'plain', all);
    end = match.index + all.length;
  }
  push('plain', line.slice(end));
  return found;
}
