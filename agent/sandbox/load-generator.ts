/** Actor: the client host. Sends requests at a set rate, each on a new connection, and counts exactly. */
import { request } from "node:http";
import process from "node:process";
import { systemErrorCode } from "../errors.ts";
import {
  type ClientCommand,
  type ClientSettings,
  encodeMessage,
  type LoadReport,
  type ProbeAnswer,
  readMessages,
} from "./actor-messages.ts";

const TICK_MS = 5;
const REPORT_MS = 200;

/** Obeys commands from standard input until it ends. */
export async function runClient(settings: ClientSettings): Promise<number> {
  const load = createLoad(settings);
  const ticking = setInterval(load.tick, TICK_MS);
  const reporting = setInterval(() => {
    process.stdout.write(encodeMessage({ report: load.report() }));
  }, REPORT_MS);
  await readMessages<ClientCommand>(process.stdin, (command) => {
    if ("rate" in command) load.setRate(command.rate, command.order);
    else void probe(settings, command.host, command.probe);
  });
  clearInterval(ticking);
  clearInterval(reporting);
  return 0;
}

async function probe(settings: ClientSettings, host: string, id: number): Promise<void> {
  const answer: ProbeAnswer = { probe: id, ...(await askOnce(host, settings)) };
  process.stdout.write(encodeMessage({ answer }));
}

interface Load {
  readonly tick: () => void;
  readonly setRate: (rate: number, order: number) => void;
  readonly report: () => LoadReport;
}

function createLoad(settings: ClientSettings): Load {
  const byBackend: Record<string, number> = {};
  const reasons: Record<string, number> = {};
  let rate = 0;
  let order = -1;
  let sent = 0;
  let succeeded = 0;
  let failed = 0;
  /** When the next request is due: an open loop, so slow answers do not lower the rate. */
  let dueAt = 0;
  let lastGoodAt = 0;
  let longestGapMs = 0;
  let slowestMs = 0;

  const send = async (): Promise<void> => {
    const host = settings.hosts[sent % settings.hosts.length] ?? "";
    sent += 1;
    const sentAt = performance.now();
    const answer = await askOnce(host, settings);
    const now = performance.now();
    slowestMs = Math.max(slowestMs, now - sentAt);
    const backend = backendOf(answer);
    if (backend === undefined) {
      failed += 1;
      add(reasons, `${host}: ${answer.reason ?? `status ${answer.status}`}`);
      return;
    }
    succeeded += 1;
    longestGapMs = Math.max(longestGapMs, now - lastGoodAt);
    lastGoodAt = now;
    add(byBackend, backend);
  };

  return {
    setRate: (wanted, ordered) => {
      order = ordered;
      dueAt = performance.now();
      if (rate > 0) longestGapMs = Math.max(longestGapMs, dueAt - lastGoodAt);
      rate = wanted;
      lastGoodAt = dueAt;
    },
    tick: () => {
      if (rate === 0) return;
      const now = performance.now();
      for (; dueAt <= now; dueAt += 1000 / rate) void send();
    },
    report: () => {
      const silentMs = rate === 0 ? 0 : performance.now() - lastGoodAt;
      const inFlight = sent - succeeded - failed;
      const report = {
        ...{ rate, order, sent, succeeded, failed, inFlight, byBackend, reasons, slowestMs },
        longestGapMs: Math.max(longestGapMs, silentMs),
      };
      longestGapMs = 0;
      slowestMs = 0;
      return report;
    },
  };
}

/** One request on a connection of its own. Never throws: whatever goes wrong is the `reason`. */
function askOnce(host: string, settings: ClientSettings): Promise<Omit<ProbeAnswer, "probe">> {
  const { promise, resolve } = Promise.withResolvers<Omit<ProbeAnswer, "probe">>();
  const outgoing = request(`http://${host}:${settings.port}/`, {
    agent: false,
    headers: { Connection: "close" },
    signal: AbortSignal.timeout(settings.timeoutMs),
  });
  const fail = (error: Error): void => {
    const code = systemErrorCode(error);
    resolve({ reason: code === "ABORT_ERR" ? "timeout" : (code ?? error.message) });
  };
  outgoing.on("error", fail);
  outgoing.on("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", fail);
    // Fires for a body that was cut off too; then "error" has been before it.
    response.on("end", () =>
      resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString("utf8") }),
    );
  });
  outgoing.end();
  return promise;
}

/** Who gave a good answer; undefined for an answer that is not good, or not a backend's. */
function backendOf({ status, body = "" }: Omit<ProbeAnswer, "probe">): string | undefined {
  return status === 200 ? /^\{"backend":"([^"]+)",.*\}$/.exec(body)?.[1] : undefined;
}

function add(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
