/** Plays a health manager: receives heartbeats over UDP, verifies and reads them, keeps what they said last. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { asError } from "../errors.ts";
import { openEnvelope } from "../heartbeat/envelope.ts";
import { type Heartbeat, parseHeartbeat } from "./health-parse.ts";
import { AMPHORA_ID, HEARTBEAT_INTERVAL_SECONDS, HEARTBEAT_KEY, HEARTBEAT_PORT } from "./scene.ts";

export interface HealthFigures {
  readonly received: number;
  /** Received within two intervals after the one before. */
  readonly onTime: number;
  /** Datagrams that a controller would drop, and why the last one. */
  readonly rejected: number;
  readonly lastProblem: string | undefined;
  /** Longest time between two, the time since the last one included; milliseconds. */
  readonly longestSilenceMs: number;
  /** All listeners', added up as a controller does. */
  readonly connections: number;
}

export interface HealthReceiver {
  readonly figures: HealthFigures;
  readonly latest: Heartbeat | undefined;
  close(): Promise<void>;
}

const ON_TIME_MS = 2 * HEARTBEAT_INTERVAL_SECONDS * 1000;

export async function startHealthReceiver(): Promise<HealthReceiver> {
  const figures = { received: 0, onTime: 0, rejected: 0, longestSilenceMs: 0, connections: 0 };
  let lastProblem: string | undefined;
  let latest: Heartbeat | undefined;
  let lastAt: number | undefined;

  const accept = (heartbeat: Heartbeat): void => {
    const now = performance.now();
    const silenceMs = lastAt === undefined ? 0 : now - lastAt;
    if (silenceMs <= ON_TIME_MS) figures.onTime += 1;
    figures.received += 1;
    figures.longestSilenceMs = Math.max(figures.longestSilenceMs, silenceMs);
    for (const { newConnections } of heartbeat.listeners.values()) figures.connections += newConnections;
    lastAt = now;
    latest = heartbeat;
  };

  const socket = createSocket("udp4");
  socket.on("message", (datagram) => {
    try {
      const heartbeat = parseHeartbeat(JSON.parse(openEnvelope(datagram, HEARTBEAT_KEY)));
      if (heartbeat.amphoraId !== AMPHORA_ID) throw new Error(`heartbeat of ${heartbeat.amphoraId}`);
      accept(heartbeat);
    } catch (error) {
      // A controller drops such a datagram; here it is counted, and fails the run in the end.
      figures.rejected += 1;
      lastProblem = asError(error).message;
    }
  });
  socket.bind(HEARTBEAT_PORT, "127.0.0.1");
  await once(socket, "listening");

  return {
    get figures() {
      const silenceMs = lastAt === undefined ? 0 : performance.now() - lastAt;
      return { ...figures, lastProblem, longestSilenceMs: Math.max(figures.longestSilenceMs, silenceMs) };
    },
    get latest() {
      return latest;
    },
    async close() {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}
