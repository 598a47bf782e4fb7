/**
 * The part of `#cloud-config` that Octavia's controllers write: files, a time zone, and commands that restart what
 * has not started yet. Not a YAML parser: what it does not know it names, and nothing is run.
 */
import { gunzipSync } from "node:zlib";
import { AgentError } from "../errors.ts";
import type { DriveFile, UserData } from "./types.ts";

/** Services that start after the drive has been read. */
const NEEDLESS_COMMAND = /^(systemctl restart|service) (rsyslog|amphora-agent)(\.service)?( restart)?$/;

interface Line {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
}

/** @throws AgentError `invalidInput` with the number of the line that is not understood */
export function parseUserData(text: string): UserData {
  const nothing = { files: [], timezone: undefined, ignored: [] };
  if (text.trim() === "") return nothing;
  if (!text.startsWith("#cloud-config"))
    return { ...nothing, ignored: ["user_data that is no #cloud-config"] };
  const files: DriveFile[] = [];
  const ignored: string[] = [];
  let timezone: string | undefined;
  for (const { key, value, body } of sections(text)) {
    if (key === "write_files") files.push(...items(body).map(file));
    else if (key === "timezone") timezone = scalar(value);
    else if (key === "runcmd")
      ignored.push(
        ...body
          .filter((line) => line.text !== "")
          .map(command)
          .filter((words) => !NEEDLESS_COMMAND.test(words)),
      );
    else ignored.push(key);
  }
  return { files, timezone, ignored };
}

interface Section {
  readonly key: string;
  readonly value: string;
  readonly body: readonly Line[];
}

function sections(text: string): Section[] {
  const found: { key: string; value: string; body: Line[] }[] = [];
  for (const line of text.split("\n").map(toLine)) {
    const last = found.at(-1);
    const isKey = line.indent === 0 && !line.text.startsWith("-") && !line.text.startsWith("#");
    if (line.text === "" || !isKey) {
      if (line.text.startsWith("#") && line.indent === 0) continue;
      last?.body.push(line);
      continue;
    }
    const [key, value] = pair(line);
    found.push({ key, value, body: [] });
  }
  return found;
}

function toLine(text: string, index: number): Line {
  const trimmed = text.replace(/\r$/, "").replace(/^ +/, "");
  return { number: index + 1, indent: text.length - text.trimStart().length, text: trimmed };
}

function pair(line: Line): [string, string] {
  const [, key, value = ""] = /^([A-Za-z_][\w-]*):(?:\s+(.*))?$/.exec(line.text) ?? [];
  if (key === undefined) throw notUnderstood(line);
  return [key, value];
}

/** The mappings of a list: each starts with a dash. */
function items(body: readonly Line[]): Map<string, string>[] {
  const found: Map<string, string>[] = [];
  let fields = new Map<string, string>();
  let inner = 0;
  for (let index = 0; index < body.length; index += 1) {
    let line = body[index];
    if (line === undefined || line.text === "") continue;
    const [dash] = /^-\s+/.exec(line.text) ?? [];
    if (dash) {
      fields = new Map();
      found.push(fields);
      inner = line.indent + dash.length;
      line = { ...line, indent: inner, text: line.text.slice(dash.length) };
    }
    if (found.length === 0 || line.indent !== inner) throw notUnderstood(line);
    const [key, value] = pair(line);
    const [, chomp] = /^\|([-+]?)$/.exec(value) ?? [];
    if (chomp === undefined) {
      fields.set(key, scalar(value));
      continue;
    }
    const { text, lines } = literal(body.slice(index + 1), inner, chomp);
    fields.set(key, text);
    index += lines;
  }
  return found;
}

/** A literal block: its first line says how far all are indented. */
function literal(body: readonly Line[], outer: number, chomp: string): { text: string; lines: number } {
  const end = body.findIndex((line) => line.text !== "" && line.indent <= outer);
  const lines = end === -1 ? body : body.slice(0, end);
  const indent = lines.find((line) => line.text !== "")?.indent ?? 0;
  const text = lines
    .map((line) => {
      if (line.text !== "" && line.indent < indent) throw notUnderstood(line);
      return line.text === "" ? "" : " ".repeat(line.indent - indent) + line.text;
    })
    .join("\n");
  const kept = chomp === "+" ? `${text}\n` : text.replace(/\n*$/, chomp === "-" ? "" : "\n");
  return { text: kept, lines: lines.length };
}

function scalar(value: string): string {
  const [, single] = /^'((?:[^']|'')*)'$/.exec(value) ?? [];
  if (single !== undefined) return single.replaceAll("''", "'");
  if (/^".*"$/.test(value)) return String(JSON.parse(value));
  return value.replace(/\s+#.*$/, "").trim();
}

function command({ text }: Line): string {
  const words = text.replace(/^-\s*/, "");
  const flow = /^\[(.*)\]$/.exec(words)?.[1];
  return flow === undefined
    ? scalar(words)
    : flow
        .split(",")
        .map((word) => scalar(word.trim()))
        .join(" ");
}

function file(fields: ReadonlyMap<string, string>): DriveFile {
  const path = fields.get("path") ?? "";
  if (!path.startsWith("/"))
    throw new AgentError("invalidInput", `write_files: "${path}" is not an absolute path`);
  const permissions = fields.get("permissions");
  if (permissions !== undefined && !/^0?o?[0-7]{3,4}$/.test(permissions))
    throw new AgentError("invalidInput", `write_files: ${path}: permissions ${permissions}`);
  return {
    path,
    content: decode(fields.get("content") ?? "", fields.get("encoding") ?? "text/plain", path),
    mode: permissions === undefined ? undefined : Number.parseInt(permissions.replace("o", ""), 8),
    owner: fields.get("owner") ?? "root:root",
    append: fields.get("append") === "true",
  };
}

function decode(content: string, encoding: string, path: string): Buffer {
  switch (encoding) {
    case "text/plain":
      return Buffer.from(content);
    case "b64":
    case "base64":
      return Buffer.from(content, "base64");
    case "gz+b64":
    case "gzip+b64":
    case "gz+base64":
    case "gzip+base64":
      return gunzipSync(Buffer.from(content, "base64"));
    default:
      throw new AgentError("invalidInput", `write_files: ${path}: encoding ${encoding} is not known`);
  }
}

function notUnderstood({ number, text }: Line): AgentError {
  return new AgentError("invalidInput", `user_data, line ${number}: not understood: ${text.slice(0, 80)}`);
}
