/** What is wrong with a rendering document, in words for the person who has to correct it; pure. */
import { AgentError } from "../../errors.ts";

/** One place of a document that is not as it should be. */
export interface Problem {
  /** JSON path, such as `$.loadbalancer.listeners[3].protocol`. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

/** A node on the way from a value up to the document; text is made of it only when there is a problem. */
export interface Place {
  readonly parent: Place | undefined;
  /** Name of a property or index of an item; the document itself has none. */
  readonly key: string | number | undefined;
}

export const ROOT: Place = { parent: undefined, key: undefined };

/** So many are told at once; a document that is wrong all over is one that was not meant. */
const MOST_TOLD = 10;
const LONGEST_EXCERPT = 60;
/** Values that are never repeated: a problem is answered, logged and printed. */
const SECRET = /(?:^|\.)vrrp_auth_pass$/;

/** A document that is not rendered, and why. */
export class DocumentError extends AgentError {
  override readonly name = "DocumentError";
  readonly problems: readonly Problem[];

  /** @param problems - at least one */
  constructor(problems: readonly Problem[]) {
    // Two parts of the schema may say the same of one value.
    const all = [...new Set(problems.map(tell))];
    const rest = all.length > MOST_TOLD ? [`and ${all.length - MOST_TOLD} more`] : [];
    super("invalidInput", "Invalid request", { details: [...all.slice(0, MOST_TOLD), ...rest].join("\n") });
    this.problems = problems;
  }
}

/** Refuses one value of a document, for a reason that its schema cannot express. */
export function refuse(path: string, expected: string, value: unknown): DocumentError {
  return new DocumentError([{ path, expected, found: describe(value, path) }]);
}

function tell({ path, expected, found }: Problem): string {
  return `${path}: expected ${expected}; found ${found}`;
}

/** @returns for example `$.certificates.pools["a b"].crl` */
export function pathOf({ parent, key }: Place): string {
  if (parent === undefined || key === undefined) return "$";
  if (typeof key === "number") return `${pathOf(parent)}[${key}]`;
  return pathOf(parent) + (/^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${excerpt(key)}]`);
}

/** A value in a few words; what is secret or long is not repeated. */
export function describe(value: unknown, path: string): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  if (SECRET.test(path)) return `a ${typeof value} that is not shown`;
  return typeof value === "string" ? excerpt(value) : String(value);
}

/** A string as JSON writes it, so that it stays on its line whatever it contains. */
function excerpt(text: string): string {
  const [short, rest] = [text.slice(0, LONGEST_EXCERPT), text.length - LONGEST_EXCERPT];
  const quoted = JSON.stringify(short).replace(/[\u007f-\u009f\u2028\u2029]/g, escaped);
  return rest > 0 ? `${quoted}… (${rest} more characters)` : quoted;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
