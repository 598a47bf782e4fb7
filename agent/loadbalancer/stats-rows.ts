/** Rows of HAProxy's `show stat` CSV, with only the fields that somebody asked for. */
import { AgentError } from "../errors.ts";

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
  /** Positions of the wanted columns, ascending. */
  #wanted: readonly number[] = [];
  #pattern = NO_ROW;
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
    const end = this.#text.indexOf("\n", this.#position);
    if (end === -1) throw cutOff();
    // The first two characters are "# ".
    const { columns, wanted } = findColumns(this.#text.slice(this.#position + 2, end), names);
    this.#wanted = wanted;
    this.#pattern = patternOf(wanted);
    this.#position = end + 1;
    return columns;
  }

  /**
   * Steps to the next row.
   * @returns undefined behind its last row
   * @throws AgentError `unavailable` when the text ends inside the answer
   */
  next(): Row | undefined {
    const pattern = this.#pattern;
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
    const last = this.#wanted.at(-1) ?? -1;
    let end = this.#position - 1;
    do {
      const start = end + 1;
      end = this.#bytes[start] === QUOTE ? this.#quotedFieldEnd(start) : this.#plainFieldEnd(start);
      fields.push(unquote(this.#text.slice(start, end)));
    } while (this.#bytes[end] === COMMA && fields.length <= last);
    this.#position = this.#rowEnd(end) + 1;
    return [undefined, ...this.#wanted.map((column) => fields[column])];
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
const NO_ROW = /(?!)/y;
const patterns = new Map<string, RegExp>();

/**
 * A whole row without quotes, the wanted fields captured. A regular expression is compiled by an engine of its
 * own: it is as fast in a program that has just started, or was compiled without optimisation, as in a warm one.
 */
function patternOf(wanted: readonly number[]): RegExp {
  const key = wanted.join(",");
  const known = patterns.get(key);
  if (known) return known;
  const fields = Array.from({ length: (wanted.at(-1) ?? -1) + 1 }, (_, column) =>
    wanted.includes(column) ? '([^,"\\n]*)' : '[^,"\\n]*',
  );
  const pattern =
    fields.length === 0 ? NO_ROW : new RegExp(`(?!\\n)${fields.join(",")}(?:,[^"\\n]*)?\\n`, "y");
  patterns.set(key, pattern);
  return pattern;
}

/** What is wanted is in front: the header is not read to its end. */
function findColumns<Name extends string>(
  header: string,
  names: readonly Name[],
): { readonly columns: Columns<Name>; readonly wanted: readonly number[] } {
  const columns = Object.fromEntries(names.map((name) => [name, -1])) as Record<Name, number>;
  const wanted: number[] = [];
  let start = 0;
  for (let column = 0; wanted.length < names.length && start <= header.length; column += 1) {
    const comma = header.indexOf(",", start);
    const found = header.slice(start, comma === -1 ? header.length : comma) as Name;
    if (columns[found] === -1) columns[found] = wanted.push(column);
    if (comma === -1) break;
    start = comma + 1;
  }
  return { columns, wanted };
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
