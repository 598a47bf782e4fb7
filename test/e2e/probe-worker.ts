/** Runs beside the test, so that what the test does delays no request: see probe.ts. */
import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

/** When it was sent and answered, in milliseconds since the epoch. */
export interface Request {
  readonly sent: number;
  /** Undefined when there was no answer in time, or an error. */
  readonly answered: number | undefined;
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

const INTERVAL_MS = 10;
const PATIENCE_MS = 1_000;
const { host, port } = workerData as Target;
const requests: Request[] = [];
const pending = new Set<Promise<void>>();

const timer = setInterval(() => {
  const request = send().finally(() => pending.delete(request));
  pending.add(request);
}, INTERVAL_MS);

parentPort?.once("message", () => {
  clearInterval(timer);
  void Promise.all(pending).then(() => parentPort?.postMessage(requests));
});

async function send(): Promise<void> {
  const sent = now();
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const socket = connect({ host, port });
  const patience = setTimeout(() => resolve(undefined), PATIENCE_MS);
  socket.once("error", () => resolve(undefined));
  socket.once("close", () => resolve(undefined));
  socket.once("data", (bytes) => resolve(bytes.includes(" 200 OK\r\n") ? now() : undefined));
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const answered = await promise;
  clearTimeout(patience);
  socket.destroy();
  requests.push({ sent, answered });
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
