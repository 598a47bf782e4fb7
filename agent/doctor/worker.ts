/** A thread that looks from inside the namespace: reads the kernel's files, connects to members; then it ends. */
import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { systemErrorCode } from "../errors.ts";
import { enterNamespace } from "../system/namespace-thread.ts";
import { readOnThisThread } from "../system/thread-file.ts";
import type { Reached } from "./judge-reach.ts";
import type { Look, Seen, Target } from "./probe.ts";

const CONNECT_TIMEOUT_MS = 2_000;
const AT_ONCE = 64;

// As one script this runs from inside an executable, too: no `await` here.
void look(workerData as Look);

async function look({ namespace, files, targets }: Look): Promise<void> {
  await enterNamespace(namespace);
  const texts = files.map((path) => readOnThisThread(path));
  const waiting = targets.map((target, index) => ({ target, index }));
  const reached: Reached[] = targets.map(() => "silence");
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        reached[next.index] = await tryToConnect(next.target);
      }
    }),
  );
  const seen: Seen = { texts, reached };
  parentPort?.postMessage(seen);
}

function tryToConnect({ host, port }: Target): Promise<Reached> {
  const { promise, resolve } = Promise.withResolvers<Reached>();
  const socket = connect({ host, port });
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => resolve("silence"));
  socket.once("connect", () => resolve("yes"));
  socket.once("error", (error) => {
    const code = systemErrorCode(error) ?? "unknown";
    resolve(code === "ETIMEDOUT" ? "silence" : { code });
  });
  return promise.finally(() => socket.destroy());
}
