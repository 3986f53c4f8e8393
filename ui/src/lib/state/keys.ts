// Keys: what was pressed, as text, and whether it is ours to take.

const PREFIX_MS = 1_200;

/** `c`, `shift+?` is `?`, `mod+k`, `g b` after `g`. */
export function keyOf(event: KeyboardEvent): string {
  const mod = event.ctrlKey || event.metaKey ? 'mod+' : '';
  const alt = event.altKey ? 'alt+' : '';
  return mod + alt + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

/** What has a choice, and takes no letters. */
const CHOICES = /^(radio|checkbox|button|submit|reset|color|range)$/;

/** Whether the key is meant for a field. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !CHOICES.test(target.type);
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Joins `g` and the letter after it. */
export class Chords {
  #prefix: string | null = null;
  #at = 0;

  /** The key, or the chord that it completes; null while one is open. */
  take(key: string, now: number): string | null {
    const prefix = now - this.#at < PREFIX_MS ? this.#prefix : null;
    this.#prefix = null;
    if (prefix !== null) return `${prefix} ${key}`;
    if (key !== 'g') return key;
    this.#prefix = key;
    this.#at = now;
    return null;
  }
}
