/** Peers that have not shown an accepted certificate: how many may wait, and what is told about them. */
import type { Server } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Logger } from "../system/logger.ts";

/**
 * Allows `limit` unfinished handshakes. Beyond that the oldest one is dropped: a peer with a certificate
 * needs milliseconds, so whoever waits for longest is the least likely to be one.
 * @returns a function that drops all of them
 */
export function limitHandshakes(server: Server, limit: number): () => void {
  const pending = new Map<string, Socket>();
  const forget = (peer: string, socket: Socket) => {
    if (pending.get(peer) === socket) pending.delete(peer);
  };
  server.on("connection", (socket: Socket) => {
    const peer = peerOf(socket);
    pending.delete(peer);
    pending.set(peer, socket);
    socket.once("close", () => forget(peer, socket));
    if (pending.size <= limit) return;
    const [oldest] = pending.values();
    oldest?.destroy();
  });
  // The secured socket is another object on the same connection.
  server.on("secureConnection", (socket) => pending.delete(peerOf(socket)));
  return () => {
    for (const socket of pending.values()) socket.destroy();
  };
}

/**
 * Logs peers that did not pass: a controller whose certificate is not accepted shows in no other place.
 * Silence and port scans are logged only when debugging.
 */
export function logRefusedHandshakes(server: Server, logger: Logger): void {
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    const reason = socket.authorizationError ?? error.code ?? error.message;
    const level = QUIET_REASONS.has(String(reason)) ? "debug" : "warn";
    const fields = {
      event: "tls.handshake.refused",
      reason: String(reason),
      remoteAddress: socket.remoteAddress,
    };
    logger[level](fields, "connection refused before a request");
  });
}

const QUIET_REASONS = new Set(["ECONNRESET", "EPIPE", "ERR_TLS_HANDSHAKE_TIMEOUT"]);

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
