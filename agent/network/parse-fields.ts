/** Reads members of parsed JSON one by one; what does not fit ends in the caller's own error. Pure. */

/** Makes the error for a value that does not fit. */
export type Reject = (reason: string) => Error;

export class Fields {
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #where: string;
  readonly #reject: Reject;

  private constructor(members: ReadonlyMap<string, unknown>, where: string, reject: Reject) {
    this.#members = members;
    this.#where = where;
    this.#reject = reject;
  }

  /** @param where - name of the object in error messages */
  static of(value: unknown, where: string, reject: Reject): Fields {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw reject(`${where} is not an object`);
    }
    return new Fields(new Map(Object.entries(value)), where, reject);
  }

  /** True when the key is there, be it with null. */
  has(key: string): boolean {
    return this.#members.has(key);
  }

  keys(): string[] {
    return [...this.#members.keys()];
  }

  isNull(key: string): boolean {
    return this.#members.get(key) === null;
  }

  text(key: string): string {
    return this.#required(key, this.optionalText(key));
  }

  /** Undefined when the key is missing or null, as with every other `optional...`. */
  optionalText(key: string): string | undefined {
    const value = this.#value(key);
    if (value === undefined || typeof value === "string") return value;
    throw this.#misfit(key, "a string");
  }

  integer(key: string): number {
    return this.#required(key, this.optionalInteger(key));
  }

  optionalInteger(key: string): number | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.#misfit(key, "a whole number");
  }

  optionalFlag(key: string): boolean | undefined {
    const value = this.#value(key);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.#misfit(key, "true or false");
  }

  optionalFields(key: string): Fields | undefined {
    const value = this.#value(key);
    return value === undefined ? undefined : Fields.of(value, `${this.#where}.${key}`, this.#reject);
  }

  /** Objects of an array; none when the key is missing or null. */
  optionalItems(key: string): Fields[] {
    return this.#list(key).map((item, index) =>
      Fields.of(item, `${this.#where}.${key}[${index}]`, this.#reject),
    );
  }

  optionalTexts(key: string): string[] {
    return this.#list(key).map((item) => {
      if (typeof item === "string") return item;
      throw this.#misfit(key, "a list of strings");
    });
  }

  /** The caller's error about this object. */
  error(reason: string): Error {
    return this.#reject(`${this.#where}: ${reason}`);
  }

  #list(key: string): unknown[] {
    const value: unknown = this.#value(key) ?? [];
    if (Array.isArray(value)) return value;
    throw this.#misfit(key, "a list");
  }

  #value(key: string): unknown {
    return this.#members.get(key) ?? undefined;
  }

  #required<T>(key: string, value: T | undefined): T {
    if (value === undefined) throw this.#reject(`${this.#where}.${key} is missing`);
    return value;
  }

  #misfit(key: string, expected: string): Error {
    return this.#reject(`${this.#where}.${key} is not ${expected}`);
  }
}
