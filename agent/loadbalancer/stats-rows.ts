/** Rows of HAProxy's `show stat` CSV, with only the fields that somebody asked for. */
import { AgentError } from "../errors.ts";
import { ownCopy } from "../own-copy.ts";

const COMMA = 0x2c;
const NEWLINE = 0x0a;
const QUOTE = 0x22;
const SPACE = 0x20;

/** Where a {@link Row} has the field of each column; -1, where no row has anything, for a column that is not there. */
export type Columns<Name extends string> = Readonly<Record<Name, number>>;

/** The wanted fields of one row, from index 1 on; undefined behind the end of a row that is too short. */
export type Row = readonly (string | undefined)[];

/** Walks over the rows of one answer, which ends with an empty line. */
export class StatsRows {
  readonly #bytes: Buffer;
  /** The same as `bytes`, at the same offsets. */
  readonly #text: string;
  #header = NO_HEADER;
  #position = 0;

  /** @param bytes - ASCII */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#text = bytes.toString("latin1");
  }

  /**
   * Reads the header. HAProxy adds columns over time, so they go by name.
   * @param names - the columns whose fields will be asked for
   * @returns undefined when the answer is empty
   * @throws AgentError `unavailable` when the text ends before it
   */
  open<Name extends string>(names: readonly Name[]): Columns<Name> | undefined {
    if (this.#skipEmptyLine()) return undefined;
    const known = headers.get(names);
    const header =
      known && this.#text.startsWith(known.line, this.#position) ? known : this.#readHeader(names);
    this.#header = header;
    this.#position += header.line.length;
    return header.columns as Columns<Name>;
  }

  /** The line with the column names, and what follows from it; remembered, since it hardly ever changes. */
  #readHeader(names: readonly string[]): Header {
    const end = this.#text.indexOf("\n", this.#position);
    if (end === -1) throw cutOff();
    const line = ownCopy(this.#text.slice(this.#position, end + 1));
    const header = { line, ...findColumns(line, names) };
    headers.set(names, header);
    return header;
  }

  /**
   * Steps to the next row.
   * @returns undefined behind its last row
   * @throws AgentError `unavailable` when the text ends inside the answer
   */
  next(): Row | undefined {
    const { pattern } = this.#header;
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match) {
      this.#position = pattern.lastIndex;
      return match;
    }
    return this.#skipEmptyLine() ? undefined : this.#readUnusualRow();
  }

  /** Whether only white space follows the answer. */
  get ended(): boolean {
    return this.#bytes.subarray(this.#position).every((byte) => byte <= SPACE);
  }

  #skipEmptyLine(): boolean {
    if (this.#bytes[this.#position] !== NEWLINE) return false;
    this.#position += 1;
    return true;
  }

  /**
   * A row that is short or has quotes. A field that begins with a quote ends at the next single quote; it may
   * hold commas and newlines, and two quotes in it stand for one. Elsewhere a quote is an ordinary character.
   */
  #readUnusualRow(): Row {
    const fields: string[] = [];
    const { wanted } = this.#header;
    const last = wanted.at(-1) ?? -1;
    let end = this.#position - 1;
    do {
      const start = end + 1;
      end = this.#bytes[start] === QUOTE ? this.#quotedFieldEnd(start) : this.#plainFieldEnd(start);
      fields.push(unquote(this.#text.slice(start, end)));
    } while (this.#bytes[end] === COMMA && fields.length <= last);
    this.#position = this.#rowEnd(end) + 1;
    return [undefined, ...wanted.map((column) => fields[column])];
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

interface Header {
  readonly line: string;
  readonly columns: Columns<string>;
  /** Positions of the wanted columns, ascending. */
  readonly wanted: readonly number[];
  readonly pattern: RegExp;
}

/** Matches nothing. */
const NO_ROW = /(?!)/y;
const NO_HEADER: Header = {
  line: "",
  columns: {},
  wanted: [],
  pattern: NO_ROW,
};
/** The last header by the column names that were asked for. */
const headers = new WeakMap<readonly string[], Header>();

/**
 * A whole row without quotes, the wanted fields captured. A regular expression is compiled by an engine of its
 * own: it is as fast in a program that has just started, or was compiled without optimisation, as in a warm one.
 */
function patternOf(wanted: readonly number[]): RegExp {
  const fields = Array.from({ length: (wanted.at(-1) ?? -1) + 1 }, (_, column) =>
    wanted.includes(column) ? '([^,"\\n]*)' : '[^,"\\n]*',
  );
  return fields.length === 0 ? NO_ROW : new RegExp(`(?!\\n)${fields.join(",")}(?:,[^"\\n]*)?\\n`, "y");
}

/** @param line - header with its newline; the first two characters are "# " */
function findColumns(line: string, names: readonly string[]): Omit<Header, "line"> {
  const found = line.slice(2, -1).split(",");
  const wanted = found.flatMap((name, column) => (names.includes(name) ? column : []));
  const columns = Object.fromEntries(
    names.map((name) => [name, wanted.indexOf(found.indexOf(name)) + 1 || -1]),
  );
  return { columns, wanted, pattern: patternOf(wanted) };
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
