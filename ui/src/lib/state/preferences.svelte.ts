// How this person wants it to look. Kept in the browser.

import { THEMES } from '$lib/theme/themes';

const KEY = 'crew.preferences';

export type Density = 'compact' | 'regular' | 'comfortable';
export type Motion = 'system' | 'none' | 'full';
export type Fonts = 'bundled' | 'system';

interface Stored {
  theme: string;
  density: Density;
  motion: Motion;
  mono: Fonts;
  project: number | null;
}

const DEFAULT: Stored = { theme: 'system', density: 'regular', motion: 'system', mono: 'bundled', project: null };

function read(): Stored {
  try {
    return { ...DEFAULT, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Stored>) };
  } catch {
    return DEFAULT;
  }
}

export class Preferences {
  #stored = $state<Stored>(read());
  readonly #systemTheme: string;

  constructor() {
    const matches = (query: string) => matchMedia(query).matches;
    const dark = matches('(prefers-color-scheme: dark)');
    const more = matches('(prefers-contrast: more)');
    const plain = dark ? 'dark' : 'light';
    this.#systemTheme = more ? (dark ? 'high-contrast' : 'high-contrast-light') : plain;
  }

  get theme() {
    return this.#stored.theme;
  }
  set theme(theme: string) {
    this.#change({ theme });
  }
  get density() {
    return this.#stored.density;
  }
  set density(density: Density) {
    this.#change({ density });
  }
  get motion() {
    return this.#stored.motion;
  }
  set motion(motion: Motion) {
    this.#change({ motion });
  }
  get fonts() {
    return this.#stored.mono;
  }
  set fonts(mono: Fonts) {
    this.#change({ mono });
  }
  /** The project that is looked at; null is all of them. */
  get project() {
    return this.#stored.project;
  }
  set project(project: number | null) {
    this.#change({ project });
  }

  /** Whether things may move. */
  get moves(): boolean {
    if (this.#stored.motion !== 'system') return this.#stored.motion === 'full';
    return !matchMedia('(prefers-reduced-motion: reduce)').matches;
  }

  #change(change: Partial<Stored>) {
    this.#stored = { ...this.#stored, ...change };
    localStorage.setItem(KEY, JSON.stringify(this.#stored));
    const { theme, density, motion, mono } = this.#stored;
    const known = THEMES.some((it) => it.id === theme);
    Object.assign(document.documentElement.dataset, {
      theme: known ? theme : this.#systemTheme,
      density,
      motion,
      mono,
    });
  }
}
