/** `amphora top`: members and listeners as they work, live. */
import { hostname } from "node:os";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { loadConfig } from "../config/load.ts";
import { AgentError } from "../errors.ts";
import { systemClock } from "../system/clock.ts";
import { enterTerminal, hasTerminal } from "../system/terminal.ts";
import { parseKeys } from "../top/parse-keys.ts";
import { EMPTY_MODEL, nextModel } from "../top/plan-model.ts";
import { createSampler, type Sampler } from "../top/read-sample.ts";
import { membersPerPage, renderTop, type TopOptions } from "../top/render-top.ts";
import type { Model, SortKey, View } from "../top/types.ts";

export interface TopSettings {
  /** Seconds. */
  readonly interval: number;
  readonly sort: SortKey;
  /** One screen as text, for who has no terminal. */
  readonly once: boolean;
  readonly configFile: readonly string[];
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const ONE_SCREEN = { columns: 80, rows: 24 };

/**
 * @returns exit code 0 when somebody has seen enough
 * @throws AgentError `invalidInput` without a terminal
 */
export async function topCommand({ interval, sort, once, configFile }: TopSettings): Promise<number> {
  const { config } = await loadConfig(configFile);
  const title = `amphora ${config.amphoraId.slice(0, 8)} on ${hostname()}`;
  const sampler = createSampler(config.basePath, systemClock.now);
  const view: View = { sort, ascending: false, offset: 0, paused: false };
  try {
    if (once) await printOnce(sampler, view, { title, interval });
    else await watch(sampler, view, { title, interval });
    return 0;
  } finally {
    sampler.close();
  }
}

interface Watched {
  readonly title: string;
  readonly interval: number;
}

/** Rates need two samples. */
async function printOnce(sampler: Sampler, view: View, { title, interval }: Watched): Promise<void> {
  const before = nextModel(EMPTY_MODEL, await sampler.read());
  await delay(interval * 1_000);
  const model = nextModel(before, await sampler.read());
  const lines = renderTop(model, view, ONE_SCREEN, optionsOf({ title, interval }, false)).slice(0, -1);
  while (lines.at(-1) === "") lines.pop();
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

async function watch(sampler: Sampler, first: View, watched: Watched): Promise<void> {
  if (!hasTerminal()) {
    throw new AgentError("invalidInput", "top needs a terminal; amphora top --once prints one screen");
  }
  let view = first;
  let model: Model = EMPTY_MODEL;
  const ending = new AbortController();
  const quit = (): void => ending.abort();
  const colours = !process.env.NO_COLOR;
  const draw = (): void => {
    if (!ending.signal.aborted) terminal.draw(renderTop(model, view, terminal, optionsOf(watched, colours)));
  };
  const terminal = enterTerminal({
    onKeys: (text) => {
      const next = parseKeys(text, view, membersPerPage(model, terminal), model.members.length);
      if (next === undefined) quit();
      else view = next;
      draw();
    },
    onResize: draw,
  });
  for (const name of SIGNALS) process.on(name, quit);
  try {
    while (!ending.signal.aborted) {
      draw();
      const sample = view.paused ? undefined : await sampler.read();
      if (sample) model = nextModel(model, sample);
      draw();
      await delay(watched.interval * 1_000, undefined, { signal: ending.signal });
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    for (const name of SIGNALS) process.off(name, quit);
    terminal.leave();
  }
}

function optionsOf({ title, interval }: Watched, colours: boolean): TopOptions {
  const time = new Date().toTimeString().slice(0, 8);
  return { title, time, intervalSeconds: interval, colours };
}
