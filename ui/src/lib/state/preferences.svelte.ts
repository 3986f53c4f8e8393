// How this person wants it to look. Kept in the browser.

import { THEMES } from '$lib/theme/themes';

const KEY = 'crew.preferences';

export type Density = 'compact' | 'regular' | 'comfortable';
export type Motion = 'system' | 'none' | 'full';
export type Fonts = 'bundled' | 'system';
export type TextSize = 'small' | 'normal' | 'large';

interface Stored {
  theme: string;
  density: Density;
  motion: Motion;
  mono: Fonts;
  text: TextSize;
  project: number | null;
}

const DEFAULT: Stored = { theme: 'system', density: 'regular', motion: 'system', mono: 'bundled', text: 'normal', project: null };

function read(): Stored {
  try {
    return { ...DEFAULT, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Stored>) };
  } catch {
    return DEFAULT;
  }
}

export class Preferences {
  #stored = $state<Stored>(read());
  readonly #dark = matchMedia('(prefers-color-scheme: dark)');
  readonly #more = matchMedia('(prefers-contrast: more)');

  constructor() {
    for (const query of [this.#dark, this.#more]) query.addEventListener('change', () => this.#show());
    window.addEventListener('storage', (event) => {
      if (event.key !== KEY) return;
      // Which project is looked at is this window's own.
      this.#stored = { ...read(), project: this.#stored.project };
      this.#show();
    });
  }

  get #systemTheme(): string {
    const dark = this.#dark.matches;
    const plain = dark ? 'dark' : 'light';
    return this.#more.matches ? (dark ? 'high-contrast' : 'high-contrast-light') : plain;
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
  get text() {
    return this.#stored.text;
  }
  set text(text: TextSize) {
    this.#change({ text });
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
    this.#show();
  }

  #show() {
    const { theme, density, motion, mono, text } = this.#stored;
    const known = THEMES.some((it) => it.id === theme);
    Object.assign(document.documentElement.dataset, {
      theme: known ? theme : this.#systemTheme,
      density,
      motion,
      mono,
      text,
    });
  }
}
