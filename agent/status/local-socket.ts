/**
 * What only the agent knows, for `amphora status` on the same machine: a socket that root alone may open. Nothing is
 * written while nobody asks, and a socket without a listener shows that the agent has ended.
 */
import process from "node:process";
import { AGENT_SOCKET } from "../config/paths.ts";
import { asError } from "../errors.ts";
import type { HeartbeatStatus } from "../heartbeat/heartbeat.ts";
import type { Logger } from "../system/logger.ts";
import { serveUnixSocket, type UnixServer } from "../system/unix-server.ts";
import type { AgentReport } from "./facts.ts";

/**
 * Load balancers do not depend on it: a failure is logged.
 * @returns undefined when it could not be opened
 */
export async function openLocalSocket(
  report: () => Promise<AgentReport>,
  logger: Logger,
): Promise<UnixServer | undefined> {
  try {
    return await serveUnixSocket({
      path: AGENT_SOCKET,
      answer: async (question) => {
        if (question !== "status") throw new Error(`unknown question: ${question}`);
        return JSON.stringify(await report());
      },
    });
  } catch (error) {
    const fields = { event: "agent.socket.failed", err: asError(error) };
    logger.warn(fields, "nobody on this machine can ask the agent how it is");
    return undefined;
  }
}

/** What the process can say for itself. */
export function reportOfProcess({
  sequence,
  sent,
  failed,
  overrun,
  lastSentAt,
}: HeartbeatStatus): Pick<AgentReport, "pid" | "since" | "heartbeats"> {
  const moments = Object.entries(lastSentAt).map(([to, time]) => [to, new Date(time).toISOString()] as const);
  return {
    pid: process.pid,
    since: new Date(Date.now() - process.uptime() * 1_000).toISOString(),
    heartbeats: { sequence, sent, failed, late: overrun, lastSentAt: Object.fromEntries(moments) },
  };
}
