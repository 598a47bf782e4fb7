/** What each measure says of itself. */
import type { Rig } from "../rig.ts";

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Highest allowed share of upstream's figure; without one the row is for information. */
  readonly target?: number;
}

/** How much is measured, as the command line says. */
export interface Amount {
  /** Of members, under load. */
  readonly changes: number;
}

export interface Measure {
  /** For `--only`. */
  readonly name: string;
  readonly rows: readonly Row[];
  /** How the figure is made, for the reader of the report. */
  readonly definition: string;
  /** @returns samples per row id, in the row's unit */
  run(rig: Rig, amount: Amount): Promise<Readonly<Record<string, readonly number[]>>>;
}

/** Calls `sample` several times, one after the other. */
export async function repeat<T>(times: number, sample: (index: number) => Promise<T>): Promise<T[]> {
  const samples: T[] = [];
  for (let index = 0; index < times; index += 1) samples.push(await sample(index));
  return samples;
}

/** @returns milliseconds that `work` took */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
