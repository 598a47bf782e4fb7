/** Rows and fields of HAProxy's `show stat` CSV, cut out of the text only when they are asked for. */
import { AgentError } from "../errors.ts";

const COMMA = 0x2c;
const NEWLINE = 0x0a;
const QUOTE = 0x22;
const SPACE = 0x20;

/** Position of each column. */
export type Columns<Name extends string> = Readonly<Record<Name, number>>;

/** Walks over the rows of one answer after the other; each answer ends with an empty line. */
export class StatsRows {
  readonly #bytes: Buffer;
  /** The same as `bytes`, at the same offsets: scanning is faster there, cutting out is faster here. */
  readonly #text: string;
  /** Start of each leading field of the current row, then one past the comma or newline behind the last. */
  #starts = new Int32Array(0);
  /** Fields of the current row that are known: the row may have fewer than are wanted. */
  #known = 0;
  #pattern = NO_COLUMNS;
  /** The wanted fields by column, of a row that is as long as it should be. */
  #match: Readonly<Record<string, string>> | undefined;
  /** The fields themselves, when the row has quotes. */
  #quoted: string[] | undefined;
  #nextQuote: number;
  #position = 0;

  /** @param bytes - ASCII */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#text = bytes.toString("latin1");
    this.#nextQuote = bytes.indexOf(QUOTE);
  }

  /**
   * Reads the header of the answer that starts here. HAProxy adds columns over time, so they go by name.
   * @param wanted - the columns whose fields will be asked for
   * @returns where they are, -1 for one that is not there; undefined when the answer is empty
   * @throws AgentError `unavailable` when the text ends before it
   */
  open<Name extends string>(wanted: readonly Name[]): Columns<Name> | undefined {
    if (this.#skipEmptyLine()) return undefined;
    const end = this.#lineEnd();
    // The first two characters are "# ".
    const columns = findColumns(this.#text.slice(this.#position + 2, end), wanted);
    const indexes = Object.values<number>(columns).filter((index) => index >= 0);
    this.#starts = new Int32Array(Math.max(-1, ...indexes) + 2);
    this.#pattern = patternOf(indexes);
    this.#position = end + 1;
    return columns;
  }

  /**
   * Steps to the next row of the open answer.
   * @returns false behind its last row
   * @throws AgentError `unavailable` when the text ends inside the answer
   */
  next(): boolean {
    if (this.#skipEmptyLine()) return false;
    const end = this.#lineEnd();
    if (this.#nextQuote !== -1 && this.#nextQuote < this.#position) {
      this.#nextQuote = this.#bytes.indexOf(QUOTE, this.#position);
    }
    if (this.#nextQuote !== -1 && this.#nextQuote < end) {
      this.#quoted = this.#readQuotedRow();
    } else {
      this.#quoted = undefined;
      this.#pattern.lastIndex = this.#position;
      this.#match = this.#pattern.exec(this.#text)?.groups;
      // A row that is too short for the pattern.
      if (!this.#match) this.#findFields(end);
      this.#position = end + 1;
    }
    return true;
  }

  /** A field of the current row; undefined when the row is too short. */
  field(index: number): string | undefined {
    if (this.#quoted) return this.#quoted[index];
    if (this.#match) return this.#match[`c${index}`];
    if (index < 0 || index >= this.#known) return undefined;
    return this.#text.slice(this.#starts[index], (this.#starts[index + 1] ?? 0) - 1);
  }

  /** Whether only white space follows the last row that was read. */
  get ended(): boolean {
    return this.#bytes.subarray(this.#position).every((byte) => byte <= SPACE);
  }

  #skipEmptyLine(): boolean {
    if (this.#bytes[this.#position] !== NEWLINE) return false;
    this.#position += 1;
    return true;
  }

  #lineEnd(): number {
    const end = this.#text.indexOf("\n", this.#position);
    if (end === -1) throw cutOff();
    return end;
  }

  #findFields(end: number): void {
    const bytes = this.#bytes;
    const starts = this.#starts;
    const last = starts.length - 1;
    let field = 0;
    starts[0] = this.#position;
    for (let at = this.#position; at < end && field < last; at += 1) {
      if (bytes[at] === COMMA) starts[++field] = at + 1;
    }
    if (field < last) starts[++field] = end + 1;
    this.#known = field;
  }

  /**
   * A field that begins with a quote ends at the next single quote; it may hold commas and newlines, and two
   * quotes in it stand for one. Elsewhere a quote is an ordinary character.
   */
  #readQuotedRow(): string[] {
    const fields: string[] = [];
    const wanted = this.#starts.length - 1;
    let end = this.#position - 1;
    do {
      const start = end + 1;
      end = this.#bytes[start] === QUOTE ? this.#quotedFieldEnd(start) : this.#plainFieldEnd(start);
      fields.push(unquote(this.#text.slice(start, end)));
    } while (this.#bytes[end] === COMMA && fields.length < wanted);
    this.#position = this.#rowEnd(end) + 1;
    return fields;
  }

  /** Index of the newline that ends the row, from the end of one of its fields. */
  #rowEnd(from: number): number {
    let at = from;
    for (;;) {
      const newline = this.#bytes.indexOf(NEWLINE, at);
      if (newline === -1) throw cutOff();
      const quote = this.#bytes.indexOf(QUOTE, at);
      if (quote === -1 || quote > newline) return newline;
      at = this.#bytes[quote - 1] === COMMA ? this.#quotedFieldEnd(quote) : quote + 1;
    }
  }

  /** Index of the comma or newline behind a field that is not quoted, or behind the end quote of one that is. */
  #plainFieldEnd(start: number): number {
    for (let at = start; at < this.#bytes.length; at += 1) {
      const byte = this.#bytes[at];
      if (byte === COMMA || byte === NEWLINE) return at;
    }
    throw cutOff();
  }

  #quotedFieldEnd(start: number): number {
    let quote = start;
    do {
      quote = this.#bytes.indexOf(QUOTE, quote + 1);
      if (quote === -1) throw cutOff();
      if (this.#bytes[quote + 1] !== QUOTE) return this.#plainFieldEnd(quote + 1);
      quote += 1;
    } while (quote < this.#bytes.length);
    throw cutOff();
  }
}

/** Matches nothing. */
const NO_COLUMNS = /(?!)/y;
const patterns = new Map<string, RegExp>();

/**
 * The leading fields of a row, the wanted ones captured. A regular expression is compiled by an engine of its
 * own: it is as fast in a program that has just started, or was compiled without optimisation, as in a warm one.
 */
function patternOf(indexes: readonly number[]): RegExp {
  const wanted = new Set(indexes);
  const fields = Array.from({ length: Math.max(-1, ...indexes) + 1 }, (_, index) =>
    wanted.has(index) ? `(?<c${index}>[^,\\n]*)` : "[^,\\n]*",
  );
  if (fields.length === 0) return NO_COLUMNS;
  const source = `${fields.join(",")}(?=[,\\n])`;
  const known = patterns.get(source);
  if (known) return known;
  const pattern = new RegExp(source, "y");
  patterns.set(source, pattern);
  return pattern;
}

/** What is wanted is in front: the header is not read to its end. */
function findColumns<Name extends string>(header: string, wanted: readonly Name[]): Columns<Name> {
  const found = new Map<string, number>(wanted.map((name) => [name, -1]));
  let missing = wanted.length;
  let start = 0;
  for (let column = 0; missing > 0 && start <= header.length; column += 1) {
    const comma = header.indexOf(",", start);
    const name = header.slice(start, comma === -1 ? header.length : comma);
    if (found.get(name) === -1) {
      found.set(name, column);
      missing -= 1;
    }
    if (comma === -1) break;
    start = comma + 1;
  }
  return Object.fromEntries(found) as Columns<Name>;
}

function cutOff(): AgentError {
  return new AgentError("unavailable", "HAProxy's statistics are cut off");
}

/** Only what is between the quotes counts them double; what follows the end quote is taken as it is. */
function unquote(field: string): string {
  if (!field.startsWith('"')) return field;
  const [inside = "", rest = ""] = /^"((?:[^"]|"")*)"(.*)$/s.exec(field)?.slice(1) ?? [];
  return inside.replaceAll('""', '"') + rest;
}
