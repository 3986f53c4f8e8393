// The files of a team while they are edited: what is typed stays until it is saved or given up.

import { Problem, type Client } from '$lib/api/client';
import type { Mistake, Team, TeamFile } from '$lib/api/types';

/** A pause in typing after which the text is looked at. */
const PAUSE_MS = 350;

export class FileDraft {
  readonly name: string;
  readonly #client: Client;
  readonly #project: number;
  #saved = $state.raw<TeamFile>() as TeamFile;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #text = $state('');

  mistakes = $state.raw<readonly Mistake[]>([]);
  /** What the text would mean, where it is a good policy. */
  team = $state.raw<Team | null>(null);
  saving = $state(false);
  /** Somebody else wrote the file while this was typed. */
  overtaken = $state(false);

  constructor(client: Client, project: number, file: TeamFile) {
    this.#client = client;
    this.#project = project;
    this.name = file.name;
    this.#saved = file;
    this.#text = file.text;
  }

  readonly dirty = $derived(this.#text !== this.#saved.text);
  readonly isNew = $derived(this.#saved.version === null);

  get text() {
    return this.#text;
  }
  set text(text: string) {
    this.#text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.check(), PAUSE_MS);
  }

  async check() {
    const text = this.#text;
    try {
      const found = await this.#client.checkFile(this.#project, this.name, text);
      if (text !== this.#text) return;
      this.mistakes = found.mistakes;
      this.team = found.team as Team | null;
    } catch {
      // Offline is said elsewhere; saving says the rest.
    }
  }

  /** Writes it; throws in the daemon's words if it cannot be. */
  async save() {
    const { name } = this;
    const text = this.#text;
    clearTimeout(this.#timer);
    this.saving = true;
    try {
      this.#saved = await this.#client.saveFile(this.#project, { name, text, version: this.#saved.version });
      this.mistakes = [];
      this.overtaken = false;
    } catch (error) {
      if (error instanceof Problem && error.code === 'invalid') await this.check();
      throw error;
    } finally {
      this.saving = false;
    }
  }

  revert() {
    this.#text = this.#saved.text;
    this.mistakes = [];
    this.overtaken = false;
  }

  /** What is there now. It replaces only what nobody has typed over. */
  take(file: TeamFile) {
    if (file.version === this.#saved.version) return;
    const untouched = !this.dirty;
    this.#saved = file;
    if (untouched) this.text = file.text;
    else this.overtaken = true;
  }
}

export class TeamFiles {
  readonly #client: Client;
  readonly #project: number;
  drafts = $state.raw<readonly FileDraft[]>([]);
  problem = $state<string | null>(null);

  constructor(client: Client, project: number) {
    this.#client = client;
    this.#project = project;
  }

  async read() {
    try {
      const { files } = await this.#client.files(this.#project);
      this.drafts = files.map((file) => {
        const known = this.drafts.find((draft) => draft.name === file.name);
        known?.take(file);
        return known ?? new FileDraft(this.#client, this.#project, file);
      });
      this.problem = null;
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }
}
