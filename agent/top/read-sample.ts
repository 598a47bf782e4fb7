/** Asks every HAProxy of this amphora, over sessions that are kept, and the kernel about UDP and SCTP. */

import { AgentError, asError } from "../errors.ts";
import { type Layout, layoutOf } from "../loadbalancer/layout.ts";
import { listLoadBalancers } from "../loadbalancer/list.ts";
import { parseHaproxyConfig } from "../status/parse-haproxy-config.ts";
import { readIfPresent } from "../system/files.ts";
import { RuntimeSession } from "../system/runtime-session.ts";
import { type Addresses, parseSample, TOP_COMMAND } from "./parse-sample.ts";
import { readLvsSample } from "./read-lvs-sample.ts";
import type { Sample } from "./types.ts";

const ANSWER_TIMEOUT_MS = 5_000;

export interface Sampler {
  /** Whoever does not answer is named in the sample. */
  read(): Promise<Sample>;
  close(): void;
}

export function createSampler(basePath: string, now: () => number): Sampler {
  const sessions = new Map<string, RuntimeSession>();
  const configs = new Map<string, { readonly text: string; readonly addresses: Addresses }>();

  const addressesOf = async (config: string): Promise<Addresses> => {
    const text = (await readIfPresent(config))?.toString("utf8") ?? "";
    const last = configs.get(config);
    if (last?.text === text) return last.addresses;
    const addresses = new Map(parseHaproxyConfig(text).backends.map(({ key, servers }) => [key, servers]));
    configs.set(config, { text, addresses });
    return addresses;
  };

  const readOne = async (id: string, { socket, config }: Layout) => {
    const session = sessions.get(id) ?? new RuntimeSession(socket);
    sessions.set(id, session);
    const late = new AgentError("unavailable", `no answer within ${ANSWER_TIMEOUT_MS / 1_000} s`);
    const timer = setTimeout(() => session.close(late), ANSWER_TIMEOUT_MS);
    try {
      const [[answer], addresses] = await Promise.all([session.ask([TOP_COMMAND]), addressesOf(config)]);
      const sample = parseSample(answer ?? Buffer.alloc(0), addresses);
      // A worker that a reload has replaced speaks of itself only; the next question goes to its successor.
      if (sample.listeners.some(({ state }) => state === "STOP")) session.close();
      return sample;
    } catch (error) {
      session.close();
      return { silent: `${id.slice(0, 8)}: ${asError(error).message}` };
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    async read() {
      const ids = await listLoadBalancers(basePath);
      const found = await Promise.all([
        ...ids.map((id) => readOne(id, layoutOf(basePath, id))),
        readLvsSample(basePath),
      ]);
      return {
        atMs: now(),
        listeners: found.flatMap((one) => ("listeners" in one ? one.listeners : [])),
        members: found.flatMap((one) => ("members" in one ? one.members : [])),
        silent: found.flatMap((one) => ("silent" in one ? one.silent : [])),
      };
    },
    close() {
      for (const session of sessions.values()) session.close();
    },
  };
}
