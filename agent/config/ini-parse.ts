/**
 * The INI dialect of oslo.config, with line numbers. No INI package keeps the line of a value, and an
 * error that cannot name it sends an operator searching.
 */
import { AgentError } from "../errors.ts";

export interface IniEntry {
  readonly section: string;
  /** Spelled with `_`; the file may use `-`. */
  readonly name: string;
  readonly value: string;
  /** Line of the key, from 1. */
  readonly line: number;
}

interface OpenEntry {
  section: string;
  name: string;
  line: number;
  lines: string[];
}

/**
 * Reads `[section]`, `key = value`, `key: value`, whole-line comments (`#`, `;`) and continuation
 * lines, which begin with a blank. Quotes around a whole value are dropped.
 * @param file - named in errors
 * @throws AgentError `invalidInput` naming file and line
 * @see docs/contract/rest-api.md, 4.1 ("Format: oslo INI")
 */
export function parseIni(text: string, file: string): IniEntry[] {
  const entries: IniEntry[] = [];
  let section = "DEFAULT";
  let open: OpenEntry | undefined;
  const close = () => {
    if (open) entries.push(finish(open));
    open = undefined;
  };
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    if (raw.trim() === "") {
      close();
    } else if (/^[#;]/.test(raw)) {
      // A comment between a key and its continuation lines does not end the value.
    } else if (/^\s/.test(raw)) {
      if (!open) throw syntaxError(file, line, "a continuation line without a key above it");
      open.lines.push(raw.trim());
    } else if (raw.startsWith("[")) {
      close();
      section = parseSection(raw, file, line);
    } else {
      close();
      open = { section, line, ...parseAssignment(raw, file, line) };
    }
  }
  close();
  return entries;
}

function parseSection(raw: string, file: string, line: number): string {
  const name = /^\[([^\]]+)\]\s*$/.exec(raw)?.[1]?.trim();
  if (!name) throw syntaxError(file, line, `expected [section], found ${quoted(raw)}`);
  return name;
}

function parseAssignment(raw: string, file: string, line: number): { name: string; lines: string[] } {
  const match = /^([^=:]+?)\s*[=:](.*)$/.exec(raw);
  if (!match) throw syntaxError(file, line, `expected "option = value", found ${quoted(raw)}`);
  const [, name = "", value = ""] = match;
  return { name: name.replaceAll("-", "_"), lines: [value.trim()] };
}

function finish({ section, name, line, lines }: OpenEntry): IniEntry {
  return { section, name, line, value: unquote(lines.join("\n")) };
}

function unquote(value: string): string {
  const match = /^(["'])([\s\S]*)\1$/.exec(value);
  return value.length > 1 && match?.[2] !== undefined ? match[2] : value;
}

function syntaxError(file: string, line: number, problem: string): AgentError {
  return new AgentError("invalidInput", `${file}, line ${line}: ${problem}`);
}

/** Only the key's side of a broken line is shown: what follows may be a secret. */
function quoted(raw: string): string {
  return JSON.stringify(raw.length > 40 ? `${raw.slice(0, 40)}...` : raw);
}
