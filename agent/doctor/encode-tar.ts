/** A tar archive (POSIX.1-2017, pax, "ustar Interchange Format"), for texts under short names. */
import { AgentError } from "../errors.ts";

export interface ArchiveFile {
  /** ASCII; at most 100 bytes behind a slash that has at most 155 before it. */
  readonly name: string;
  readonly text: string;
}

const BLOCK = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
/** A regular file. */
const TYPE = "0";

/**
 * @param modified - of every file
 * @throws AgentError `internal` for a name that is too long
 */
export function encodeTar(files: readonly ArchiveFile[], modified: Date): Buffer {
  const parts = files.flatMap(({ name, text }) => {
    const content = Buffer.from(text, "utf8");
    const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
    return [encodeHeader(name, content.length, modified), content, padding];
  });
  // Two empty blocks end it.
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function encodeHeader(name: string, size: number, modified: Date): Buffer {
  const [prefix, rest] = splitName(name);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`;
  header.write(rest, 0);
  header.write(octal(0o600, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(Math.floor(modified.getTime() / 1_000), 12), 136);
  header.write(" ".repeat(8), 148);
  header.write(TYPE, 156);
  header.write("ustar\0" + "00", 257, "latin1");
  header.write("root", 265);
  header.write("root", 297);
  header.write(prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/** A long name stands in two fields, divided at a slash. */
function splitName(name: string): readonly [prefix: string, rest: string] {
  if (name.length <= NAME_BYTES) return ["", name];
  const slash = name.indexOf("/", name.length - NAME_BYTES - 1);
  if (slash > 0 && slash <= PREFIX_BYTES) return [name.slice(0, slash), name.slice(slash + 1)];
  throw new AgentError("internal", `name too long for tar: ${name}`);
}
