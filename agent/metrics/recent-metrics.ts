/**
 * What became of a metric's lines the last time. Most of a small load balancer's 184 metrics read as they did one scrape
 * ago (states, limits, errors that do not happen), and to compare text takes a fraction of what translating it takes.
 */
import { ownCopy } from "../own-copy.ts";

/** A metric's lines, from `# HELP` to the next one's. */
export interface RecentMetric {
  /** Empty while it is not kept. */
  readonly raw: string;
  readonly encoded: string;
}

interface Entry {
  /** The first line. */
  readonly head: string;
  metric: RecentMetric;
  /** How often in a row it was another text than before. */
  changes: number;
  /** What came behind it. */
  next: Entry | undefined;
}

export const HEAD = "# HELP ";
const NONE: RecentMetric = { raw: "", encoded: "" };
const ENTRIES = 1_000;
/** Of all together; HAProxies with more are translated anew each time, which costs them no more than before. */
const CHARACTERS = 1024 * 1024;
/** What changes each time is not worth a copy, and is tried again after this many scrapes. */
const CHANGES = 2;
const TRIED_AGAIN = 16;

export class RecentMetrics {
  readonly #encode: (lines: string) => string;
  readonly #entries = new Map<string, Entry>();
  #last: Entry | undefined;
  #characters = 0;

  /** @param encode - lines on their own become the same as among others */
  constructor(encode: (lines: string) => string) {
    this.#encode = encode;
  }

  /** @returns the metric that begins at `position`, a {@link HEAD}; nothing when it is not one to be kept */
  at(text: string, position: number): RecentMetric | undefined {
    const expected = this.#last?.next;
    const entry =
      expected && text.startsWith(expected.head, position) ? expected : this.#find(text, position);
    if (this.#last) this.#last.next = entry;
    this.#last = entry;
    if (!entry) return undefined;
    const { raw } = entry.metric;
    if (raw !== "" && text.startsWith(raw, position)) {
      entry.changes = 0;
      return entry.metric;
    }
    return this.#changed(entry, text, position);
  }

  #find(text: string, position: number): Entry | undefined {
    const head = text.slice(position, text.indexOf("\n", position) + 1);
    const known = this.#entries.get(head);
    if (known || head === "" || this.#entries.size === ENTRIES) return known;
    const entry = { head: ownCopy(head), metric: NONE, changes: 0, next: undefined };
    this.#entries.set(entry.head, entry);
    return entry;
  }

  #changed(entry: Entry, text: string, position: number): RecentMetric | undefined {
    this.#characters -= sizeOf(entry.metric);
    entry.metric = NONE;
    entry.changes += 1;
    if (entry.changes > CHANGES && entry.changes % TRIED_AGAIN !== 0) return undefined;
    const end = text.indexOf(`\n${HEAD}`, position) + 1;
    // The last one of a text may go on in the next.
    if (end === 0 || this.#characters + 2 * (end - position) > CHARACTERS) return undefined;
    const raw = ownCopy(text.slice(position, end));
    entry.metric = { raw, encoded: ownCopy(this.#encode(raw)) };
    this.#characters += sizeOf(entry.metric);
    return entry.metric;
  }
}

function sizeOf({ raw, encoded }: RecentMetric): number {
  return raw.length + encoded.length;
}
