/** Traffic of a steady rate through flows that exist, and changes of members that do not concern it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LvsMember } from "./lvs-documents.ts";
import type { Flow } from "./outside.ts";

const PACKETS_PER_SECOND = 500;
const TICK_MS = 10;
/** What was late is caught up with at four times the rate. */
const LONGEST_BURST = 20;
/**
 * Never more packets on their way: a member's socket holds about 250, and where nothing runs for a second it is this
 * process that would lose them.
 */
const WINDOW = 100;
/** Answers that are not there by then are lost. */
const LAST_ANSWER_MS = 30_000;

/** A member by its name, with what it is to be like. */
type Make = (name: string, shape: Partial<LvsMember>) => LvsMember;

/** Adds, removes, weighs, disables and drains the third and the fourth member of each family. */
export function changesOf(staying: readonly LvsMember[], make: Make): LvsMember[][] {
  const others: readonly (readonly [string, Partial<LvsMember>])[][] = [
    [["4.3", {}]],
    [["4.3", { weight: 5 }]],
    [
      ["4.3", { weight: 5 }],
      ["6.3", {}],
    ],
    [
      ["4.3", { weight: 0 }],
      ["6.3", {}],
      ["4.4", {}],
    ],
    [
      ["4.3", { enabled: false }],
      ["6.3", { weight: 0 }],
      ["4.4", { weight: 2 }],
    ],
    [
      ["6.3", { enabled: false }],
      ["4.4", {}],
      ["6.4", {}],
    ],
    [
      ["4.4", { weight: 0 }],
      ["6.4", { weight: 3 }],
    ],
    [["6.4", { weight: 0 }]],
    [["6.4", { enabled: false }]],
    [],
  ];
  const lists = others.map((list) => [...staying, ...list.map(([name, shape]) => make(name, shape))]);
  return Array.from({ length: 5 }, () => lists).flat();
}

/** Flows to members that stay, each of which keeps asking. */
export class Traffic implements AsyncDisposable {
  readonly #flows: readonly Flow[];
  readonly #waiting = new Set<string>();
  #sent = 0;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(flows: readonly Flow[]) {
    this.#flows = flows;
    for (const flow of flows) flow.onAnswer((text) => this.#waiting.delete(text.split(" ")[1] ?? ""));
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - this.#startedAt) * PACKETS_PER_SECOND) / 1_000;
      const room = Math.min(LONGEST_BURST, WINDOW - this.#waiting.size);
      for (let burst = 0; burst < room && this.#sent < due; burst += 1) this.#send();
    }, TICK_MS);
  }

  #send(): void {
    const flow = this.#flows[this.#sent % this.#flows.length];
    const text = String(this.#sent++);
    this.#waiting.add(text);
    flow?.send(text);
  }

  async end(): Promise<{ sent: number; lost: number; perSecond: number }> {
    clearInterval(this.#timer);
    const perSecond = (1_000 * this.#sent) / (performance.now() - this.#startedAt);
    const deadline = performance.now() + LAST_ANSWER_MS;
    while (this.#waiting.size > 0 && performance.now() < deadline) await sleep(20);
    return { sent: this.#sent, lost: this.#waiting.size, perSecond };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const flow of this.#flows) await flow[Symbol.asyncDispose]();
  }
}
