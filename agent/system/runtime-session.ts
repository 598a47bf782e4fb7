/**
 * A kept session with HAProxy's runtime API: a question costs a write and a read, where a connection for each
 * would cost as much as all the rest of a heartbeat.
 */
import { connect, type Socket } from "node:net";
import { AgentError } from "../errors.ts";
import { AnswerBuffer } from "./answer-buffer.ts";

const PROMPT = Buffer.from("\n> ");
const LONGEST_ANSWER = 64 * 1024 * 1024;
/**
 * Sent with the first question. HAProxy ends an idle session after 10 s, unless its configuration or the session
 * says otherwise; the unit is seconds.
 * @see HAProxy management guide, "prompt" and "set timeout cli"
 */
const GREETING = ["prompt", "set timeout cli 3600"];

interface Question {
  /** Answers that are still to come, those to the greeting included. */
  readonly prompts: number;
  readonly greetings: number;
  resolve(answers: Buffer[]): void;
  reject(reason: unknown): void;
}

/** Connects with the first question, and again with the next one after it was closed, by whomever. */
export class RuntimeSession {
  readonly #path: string;
  readonly #answer = new AnswerBuffer();
  #socket: Socket | undefined;
  #question: Question | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Whether the next question goes to whoever answered the last one. */
  get isOpen(): boolean {
    return this.#socket !== undefined;
  }

  /**
   * One question at a time; there is no time limit but {@link close}.
   * @returns the answer to each command, with the empty line that ends it; valid until the next question
   * @throws the system error of a failed connection (`ENOENT`, `ECONNREFUSED`, ...), AgentError `unavailable` when
   * HAProxy closes the session, the reason of {@link close}
   */
  ask(commands: readonly string[]): Promise<Buffer[]> {
    const greeting = this.#socket ? [] : GREETING;
    const socket = this.#socket ?? this.#connect();
    this.#socket = socket;
    const { promise, resolve, reject } = Promise.withResolvers<Buffer[]>();
    const prompts = greeting.length + commands.length;
    this.#question = { prompts, greetings: greeting.length, resolve, reject };
    socket.write(`${[...greeting, ...commands].join("\n")}\n`);
    return promise;
  }

  close(reason: Error = closed(this.#path)): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#question?.reject(reason);
    this.#question = undefined;
  }

  #connect(): Socket {
    this.#answer.clear();
    const socket = connect({
      path: this.#path,
      onread: {
        buffer: () => this.#answer.room(),
        callback: (bytes) => {
          if (socket === this.#socket) this.#received(bytes);
          return true;
        },
      },
    });
    const lost = (reason?: Error): void => {
      if (socket === this.#socket) this.close(reason);
    };
    socket.on("error", lost);
    socket.on("close", () => lost());
    return socket;
  }

  #received(bytes: number): void {
    this.#answer.filled(bytes);
    const question = this.#question;
    if (!question) return;
    if (this.#answer.size > LONGEST_ANSWER) {
      this.close(
        new AgentError("unavailable", `the answer of ${this.#path} exceeds ${LONGEST_ANSWER} bytes`),
      );
      return;
    }
    // HAProxy answers in pieces of 16 KB, of which only the last one is looked at.
    const answers = this.#answer.endsWith(PROMPT) && splitAtPrompts(this.#answer.whole(), question.prompts);
    if (!answers) return;
    this.#question = undefined;
    // Now, since Node asks for the next answer's room long before the next question.
    this.#answer.clear();
    question.resolve(answers.slice(question.greetings));
  }
}

/**
 * No row of an answer begins like the prompt: rows begin with a proxy's name.
 * @param text - which ends with a prompt
 * @returns undefined while it is not the last one
 */
function splitAtPrompts(text: Buffer, count: number): Buffer[] | undefined {
  const answers: Buffer[] = [];
  let start = 0;
  while (answers.length < count - 1) {
    const prompt = text.indexOf(PROMPT, start);
    if (prompt === -1) return undefined;
    answers.push(text.subarray(start, prompt + 1));
    start = prompt + PROMPT.length;
  }
  // The last one is at the end, which needs no search through megabytes.
  if (start > text.length - PROMPT.length) return undefined;
  answers.push(text.subarray(start, text.length - PROMPT.length + 1));
  return answers;
}

function closed(path: string): AgentError {
  return new AgentError("unavailable", `HAProxy closed the session on ${path}`);
}
