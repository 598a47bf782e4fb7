/** Text that arrives in pieces: standard input, or a file too large to hold. */
import { createReadStream } from "node:fs";
import process from "node:process";
import { AgentError } from "../errors.ts";

const NEWLINE = 0x0a;

/**
 * The bytes of a file, or of standard input, read as fast as they are used.
 * @throws the system error of the step that failed, when it is read
 */
export function bytesFrom(path: string | undefined): AsyncIterable<Buffer> {
  return path === undefined ? process.stdin : createReadStream(path);
}

/** @throws AgentError `invalidInput` when there are more than `limitBytes` */
export async function readAll(chunks: AsyncIterable<Buffer>, limitBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > limitBytes)
      throw new AgentError("invalidInput", `the input has more than ${limitBytes} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/**
 * Lines without their line break, one at a time; an empty last one is none.
 * @throws AgentError `invalidInput` when one has more than `limitBytes`
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, limitBytes: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...parts, chunk.subarray(start, end)]);
      parts = [];
      length = 0;
      start = end + 1;
    }
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > limitBytes) throw new AgentError("invalidInput", `a line has more than ${limitBytes} bytes`);
  }
  if (length > 0) yield Buffer.concat(parts);
}
