/** HTTP/1 answers, taken apart as they come (RFC 9112, sections 4 to 7). */
import { AgentError } from "../errors.ts";

type State = "status" | "field" | "chunk size" | "chunk" | "chunk end" | "trailer" | "body" | "done";

/** HAProxy's own heads are a few hundred bytes long. */
const LONGEST_LINE = 8 * 1024;
const MOST_FIELDS = 100;
const NEWLINE = 0x0a;

/**
 * HAProxy sends an answer of 48 MB in 3,000 chunks: as streams and events of Node's own client, that takes as much
 * time as everything else that is done with it.
 */
export class AnswerParser {
  #state: State = "status";
  #status: number | undefined;
  /** Of the chunk or the body. */
  #bytesLeft = Number.POSITIVE_INFINITY;
  #isChunked = false;
  #line = "";
  #fields = 0;

  /** Known when the head has come. */
  get status(): number | undefined {
    return ["status", "field"].includes(this.#state) ? undefined : this.#status;
  }

  get isDone(): boolean {
    return this.#state === "done";
  }

  /**
   * Moves what belongs to the body to the beginning.
   * @returns that part of `bytes`
   * @throws AgentError `unavailable` when this is no answer
   */
  body(bytes: Buffer): Buffer {
    let size = 0;
    for (let position = 0; position < bytes.length && !this.isDone; ) {
      if (this.#state === "chunk" || this.#state === "body") {
        const end = Math.min(bytes.length, position + this.#bytesLeft);
        if (size !== position) bytes.copyWithin(size, position, end);
        size += end - position;
        this.#taken(end - position);
        position = end;
      } else {
        const newline = bytes.indexOf(NEWLINE, position);
        const end = newline === -1 ? bytes.length : newline;
        this.#line += bytes.toString("latin1", position, end);
        if (this.#line.length > LONGEST_LINE) throw noAnswer("a line is too long");
        if (newline !== -1) this.#lineEnds();
        position = end + 1;
      }
    }
    return bytes.subarray(0, size);
  }

  /** @throws AgentError `unavailable` when the connection must not end here */
  end(): void {
    const isWhole = this.isDone || (this.#state === "body" && this.#bytesLeft === Number.POSITIVE_INFINITY);
    if (!isWhole) throw noAnswer("it breaks off");
    this.#state = "done";
  }

  #taken(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft === 0) this.#state = this.#state === "chunk" ? "chunk end" : "done";
  }

  #lineEnds(): void {
    const line = this.#line.trimEnd();
    this.#line = "";
    this.#state = this.#next(line);
  }

  #next(line: string): State {
    switch (this.#state) {
      case "status":
        this.#status = Number(required(/^HTTP\/1\.[01] (\d{3})(?: |$)/, line));
        return "field";
      case "field":
        if (line === "") return this.#firstOfBody();
        this.#countField();
        this.#field(line);
        return "field";
      case "chunk size":
        this.#bytesLeft = Number.parseInt(required(/^([0-9a-f]{1,12})[ \t]*(?:;|$)/i, line), 16);
        return this.#bytesLeft === 0 ? "trailer" : "chunk";
      case "chunk end":
        required(/^()$/, line);
        return "chunk size";
      case "trailer":
        this.#countField();
        return line === "" ? "done" : "trailer";
      case "chunk":
      case "body":
      case "done":
        return this.#state;
    }
  }

  #firstOfBody(): State {
    if (this.#isChunked) return "chunk size";
    return this.#bytesLeft === 0 ? "done" : "body";
  }

  #field(line: string): void {
    const [, name = "", value = ""] = /^([^:\s]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (name.toLowerCase() === "transfer-encoding") {
      required(/^(chunked)$/i, value);
      this.#isChunked = true;
    }
    if (name.toLowerCase() === "content-length") this.#bytesLeft = Number(required(/^(\d{1,15})$/, value));
  }

  #countField(): void {
    this.#fields += 1;
    if (this.#fields > MOST_FIELDS) throw noAnswer("its head is too long");
  }
}

function required(pattern: RegExp, line: string): string {
  const found = pattern.exec(line)?.[1];
  if (found === undefined) throw noAnswer(`it has the line ${JSON.stringify(line.slice(0, 80))}`);
  return found;
}

function noAnswer(reason: string): AgentError {
  return new AgentError("unavailable", `HAProxy's answer cannot be read: ${reason}`);
}
