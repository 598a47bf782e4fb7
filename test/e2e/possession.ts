/** When an amphora had the VIP on its interface: as its kernel tells, whatever anybody else says. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Machine } from "../bed/machine.ts";

/** From and until, in milliseconds since the epoch. */
export type Span = readonly [from: number, until: number];

const NAMESPACE = "amphora-haproxy";

export class Possession {
  readonly #machine: Machine;
  readonly #vip: string;
  readonly #spans: Span[] = [];
  #since: number | undefined;
  #monitor: ChildProcess | undefined;

  constructor(machine: Machine, vip: string) {
    this.#machine = machine;
    this.#vip = vip;
  }

  /** Watches from now on, once per life of the machine. */
  async watch(): Promise<void> {
    const monitor = this.#machine.spawn("ip", ["-n", NAMESPACE, "-o", "-ts", "monitor", "address"]);
    this.#monitor = monitor;
    // A machine that loses its power loses its addresses.
    monitor.once("exit", () => this.#note(false, Date.now()));
    if (!monitor.stdout) throw new Error("no output of ip monitor");
    createInterface(monitor.stdout).on("line", (line) => this.#read(line));
    if (await this.#isThere()) this.#note(true, Date.now());
  }

  /** Since when it has the VIP, in milliseconds since the epoch; undefined when it has not. */
  get since(): number | undefined {
    return this.#since;
  }

  /** All the times that it had the VIP, the present one until now. */
  spans(): Span[] {
    return this.#since === undefined ? [...this.#spans] : [...this.#spans, [this.#since, Date.now()]];
  }

  async close(): Promise<void> {
    const monitor = this.#monitor;
    if (!monitor || monitor.exitCode !== null || monitor.signalCode !== null) return;
    const exited = once(monitor, "exit");
    monitor.kill("SIGKILL");
    await exited;
  }

  #read(line: string): void {
    const [, time, deleted] = /^\[(\S+)\] (Deleted )?.* inet6? (\S+)\//.exec(line) ?? [];
    if (time === undefined || !line.includes(` ${this.#vip}/32 `)) return;
    this.#note(deleted === undefined, Date.parse(`${time.slice(0, 23)}Z`));
  }

  #note(isThere: boolean, time: number): void {
    if (isThere) this.#since ??= time;
    else if (this.#since !== undefined) {
      this.#spans.push([this.#since, time]);
      this.#since = undefined;
    }
  }

  async #isThere(): Promise<boolean> {
    const shown = await this.#machine.exec("ip", ["-n", NAMESPACE, "-o", "address", "show"]);
    return shown.includes(` ${this.#vip}/32 `);
  }
}

/** @returns for how long a time of one list overlaps one of the other, at most, in milliseconds */
export function longestOverlap(these: readonly Span[], those: readonly Span[]): number {
  let longest = 0;
  for (const [from, until] of these) {
    for (const [otherFrom, otherUntil] of those) {
      longest = Math.max(longest, Math.min(until, otherUntil) - Math.max(from, otherFrom));
    }
  }
  return longest;
}
