/** Addresses of the destinations' names, looked up beside the heartbeats and never in their way. */
import { isIP } from "node:net";

/** First address of a name. @throws the system error of the lookup */
export type Lookup = (host: string) => Promise<string>;

export class Addresses {
  readonly #lookup: Lookup;
  readonly #known = new Map<string, string>();
  readonly #pending = new Map<string, Promise<void>>();
  readonly #onFailure: (host: string, error: unknown) => void;

  constructor(lookup: Lookup, onFailure: (host: string, error: unknown) => void) {
    this.#lookup = lookup;
    this.#onFailure = onFailure;
  }

  /** Forgets all names: a new list is looked up anew (docs/contract/heartbeat.md, section 6). */
  forget(): void {
    this.#known.clear();
  }

  of(host: string): string | undefined {
    const known = this.#known.get(host);
    if (known !== undefined || isIP(host) === 0) return known;
    this.#known.set(host, host);
    return host;
  }

  /**
   * Looks up what is not known; a name that failed before is tried again.
   * @returns settles with the last one; undefined when all are known
   */
  find(hosts: readonly string[]): Promise<void> | undefined {
    const unknown = hosts.filter((host) => this.of(host) === undefined);
    if (unknown.length === 0) return undefined;
    return Promise.all(unknown.map((host) => this.#pending.get(host) ?? this.#start(host))).then(
      () => undefined,
    );
  }

  #start(host: string): Promise<void> {
    const search = this.#search(host).finally(() => this.#pending.delete(host));
    this.#pending.set(host, search);
    return search;
  }

  async #search(host: string): Promise<void> {
    try {
      this.#known.set(host, await this.#lookup(host));
    } catch (error) {
      this.#onFailure(host, error);
    }
  }
}
