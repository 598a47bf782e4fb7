/** Which HAProxy worker answers, asked without going through the agent or a program. */
import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Machine } from "../bed/machine.ts";
import { STATS_SOCKET } from "./haproxy-config.ts";

/** Process id inside the machine of the worker behind the statistics socket. */
export async function workerPid(machine: Machine): Promise<number> {
  const [, pid] = /^Pid: (\d+)$/m.exec(await ask(machine, "show info")) ?? [];
  if (pid === undefined) throw new Error("HAProxy does not say its process id");
  return Number(pid);
}

/** Resolves when another worker than `before` answers. */
export async function newWorker(machine: Machine, before: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while ((await workerPid(machine).catch(() => before)) === before) {
    if (performance.now() > deadline) throw new Error("no new HAProxy worker within 10 s");
    await sleep(2);
  }
}

async function ask(machine: Machine, command: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = createConnection(`/proc/${machine.leader}/root${STATS_SOCKET}`);
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.once("end", () => resolve(text)).once("error", reject);
  socket.end(`${command}\n`);
  return promise;
}
