/**
 * What became of lines in the scrapes before. Of a small load balancer's 1,300 lines nearly all read as they did one
 * scrape ago (explanations, states, limits, errors that do not happen), and to compare and copy bytes takes a fraction
 * of what translating text takes.
 */

/** Where translated lines go. */
export interface Sink {
  /** @param part - bytes, or a text in which each character stands for one; not changed afterwards */
  add(part: Buffer | string): void;
}

/** Lines that have read the same since they were met. */
interface Steady {
  readonly raw: Buffer;
  readonly encoded: Buffer;
}

/** Lines that have not. */
interface Changing {
  readonly lines: number;
}

type Part = Steady | Changing;

const NEWLINE = 0x0a;
const LONGEST_PART_BYTES = 32 * 1024;
/** Of HAProxy's text; what is behind is translated anew each time, which costs large load balancers no more than before. */
const REMEMBERED_BYTES = 512 * 1024;
/** What has changed once is taken for changing until then. */
const SCRAPES_UNTIL_FORGOTTEN = 64;

export class RecentLines {
  readonly #encode: (lines: Buffer) => string;
  #parts: readonly Part[] = [];
  #scrapes = 0;

  /** @param encode - lines on their own become the same as among others */
  constructor(encode: (lines: Buffer) => string) {
    this.#encode = encode;
  }

  /** For one scrape; several may be under way. */
  compare(): Comparison {
    this.#scrapes += 1;
    const isTooOld = this.#scrapes % SCRAPES_UNTIL_FORGOTTEN === 0;
    return new Comparison(this.#encode, isTooOld ? [] : this.#parts);
  }

  /** @param comparison - one of a whole scrape */
  remember(comparison: Comparison): void {
    this.#parts = comparison.parts;
  }
}

/** One scrape beside those before. What it makes of lines depends on nothing but them: it only takes more or less time. */
export class Comparison {
  readonly #encode: (lines: Buffer) => string;
  #parts: readonly Part[];
  /** The part that is expected next. */
  #next = 0;
  #canLearn = true;

  constructor(encode: (lines: Buffer) => string, parts: readonly Part[]) {
    this.#encode = encode;
    this.#parts = parts;
  }

  /** As they are after what was translated so far. */
  get parts(): readonly Part[] {
    return this.#parts.slice(0, this.#next);
  }

  /**
   * @param block - begins with a line
   * @param isLast - whether it ends with the scrape
   * @returns how many bytes are done with: at the end are often some that are to come again, with more behind them
   */
  translate(block: Buffer, isLast: boolean, sink: Sink): number {
    let done = 0;
    for (let part = this.#parts[this.#next]; part; part = this.#parts[this.#next]) {
      const end = endOf(part, block, done);
      if ("lines" in part && end > 0) {
        sink.add(this.#encode(block.subarray(done, end)));
      } else if ("raw" in part && end > 0 && block.subarray(done, end).equals(part.raw)) {
        sink.add(part.encoded);
      } else if (end === 0 && !isLast) {
        return done;
      } else {
        const parts = "raw" in part ? this.#split(part, block, done) : undefined;
        if (!parts && !isLast) return done;
        // The scrape has fewer lines than the ones before when there are none.
        this.#parts = parts
          ? this.#parts.toSpliced(this.#next, 1, ...parts)
          : this.#parts.slice(0, this.#next);
        continue;
      }
      done = end;
      this.#next += 1;
    }
    return this.#translateNew(block, done, isLast, sink);
  }

  #translateNew(block: Buffer, start: number, isLast: boolean, sink: Sink): number {
    const endOfLines = block.lastIndexOf(NEWLINE) + 1;
    let done = start;
    for (let end = this.#endOfPart(block, done); end > done; end = this.#endOfPart(block, done)) {
      const part = this.#steady(Buffer.from(block.subarray(done, end)));
      sink.add(part.encoded);
      this.#parts = [...this.#parts, part];
      this.#next += 1;
      done = end;
    }
    this.#canLearn &&= done >= endOfLines;
    const end = isLast ? block.length : Math.max(done, endOfLines);
    if (end > done) sink.add(this.#encode(block.subarray(done, end)));
    return end;
  }

  /** @returns where a new part ends that begins at `start`; 0 when none is to be made */
  #endOfPart(block: Buffer, start: number): number {
    const room =
      REMEMBERED_BYTES - this.#parts.reduce((sum, part) => sum + ("raw" in part ? part.raw.length : 0), 0);
    const longest = Math.min(LONGEST_PART_BYTES, room);
    return this.#canLearn && longest > 0 ? block.lastIndexOf(NEWLINE, start + longest - 1) + 1 : 0;
  }

  /**
   * What changed takes the place of the part, between what did not.
   * @returns nothing when the block has fewer lines than the part
   */
  #split(part: Steady, block: Buffer, start: number): Part[] | undefined {
    const runs: { readonly isSame: boolean; readonly start: number; end: number; lines: number }[] = [];
    const count = { lines: 0, changed: 0 };
    for (let [old, position] = [0, start]; old < part.raw.length; ) {
      const oldEnd = part.raw.indexOf(NEWLINE, old) + 1;
      const end = block.indexOf(NEWLINE, position) + 1;
      if (end === 0) return undefined;
      const isSame = block.compare(part.raw, old, oldEnd, position, end) === 0;
      count.lines += 1;
      count.changed += isSame ? 0 : 1;
      const run = runs.at(-1);
      if (run?.isSame === isSame) {
        run.end = oldEnd;
        run.lines += 1;
      } else {
        runs.push({ isSame, start: old, end: oldEnd, lines: 1 });
      }
      [old, position] = [oldEnd, end];
    }
    // Another text, or one of which hardly a line stays: nothing is won by looking at each.
    if (2 * count.changed > count.lines) return [{ lines: count.lines }];
    return runs.map(({ isSame, start: from, end, lines }) =>
      isSame ? this.#steady(part.raw.subarray(from, end)) : { lines },
    );
  }

  #steady(raw: Buffer): Steady {
    return { raw, encoded: Buffer.from(this.#encode(raw), "latin1") };
  }
}

/** @returns 0 when the block ends before */
function endOf(part: Part, block: Buffer, start: number): number {
  if ("raw" in part) {
    const end = start + part.raw.length;
    return end <= block.length ? end : 0;
  }
  let end = start;
  for (let line = 0; line < part.lines; line += 1) {
    end = block.indexOf(NEWLINE, end) + 1;
    if (end === 0) return 0;
  }
  return end;
}
