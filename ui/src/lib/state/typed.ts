// What was typed and not sent: it is there again when the field is.

export class Typed {
  readonly #kept = new Map<string, unknown>();

  /** What stands in a field, by the name of the field. */
  get<T>(field: string): T | undefined {
    return this.#kept.get(field) as T | undefined;
  }

  keep(field: string, what: unknown) {
    this.#kept.set(field, what);
  }

  /** It was sent, or is not wanted any more. */
  drop(field: string) {
    this.#kept.delete(field);
  }
}
