// How long what must not be forgotten may be. Pure.

/** What the daemon takes; it counts characters, as people do. */
export const ANCHOR_CHARS_MAX = 500;

/** Characters that are left; below zero it is too long. */
export const charactersLeft = (text: string): number => ANCHOR_CHARS_MAX - [...text.trim()].length;

/** Whether it can be pinned. */
export const canPin = (text: string): boolean => text.trim() !== '' && charactersLeft(text) >= 0;
