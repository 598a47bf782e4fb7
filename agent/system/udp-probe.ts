/** Whether a datagram would get to somebody: nobody answers, but who refuses it says so. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { systemErrorCode } from "../errors.ts";

/**
 * Sends an empty datagram from a connected socket, which is told what comes back of ICMP (udp(7)), and waits.
 * @param address - IPv4 or IPv6 address
 * @returns the code of the system error (`ECONNREFUSED`, `EHOSTUNREACH`, `ENETUNREACH`, ...); undefined when nothing
 * has come back
 * @throws the signal's reason
 */
export async function knockUdp(
  address: string,
  port: number,
  waitMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const errors: unknown[] = [];
  const failed = new AbortController();
  socket.on("error", (error) => {
    errors.push(error);
    failed.abort();
  });
  try {
    socket.connect(port, address);
    await once(socket, "connect", { signal: AbortSignal.any([signal, failed.signal]) });
    socket.send(Buffer.alloc(0), (error) => error && socket.emit("error", error));
    await delay(waitMs, undefined, { signal: AbortSignal.any([signal, failed.signal]) });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return systemErrorCode(errors[0] ?? error) ?? "unknown";
  } finally {
    socket.close();
  }
}
