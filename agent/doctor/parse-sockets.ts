/** What the kernel's files say of connections in a namespace. */
import type { Ports, Tracking } from "./judge-connections.ts";

/** A socket that listens has no other side. */
const LISTENING = "0A";
const MOST_USED = 10;

/**
 * @param tables - `/proc/net/tcp` and `/proc/net/tcp6` (proc_net(5)), connections that are closing included
 * @param portRange - `/proc/sys/net/ipv4/ip_local_port_range`
 */
export function parsePorts(tables: readonly string[], portRange: string): Ports {
  const [first = 0, last = 0] = portRange.trim().split(/\s+/).map(Number);
  const counts = new Map<string, number>();
  for (const table of tables) {
    for (const [, address = "", port = "", remote = "", state] of table.matchAll(
      /^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+:[0-9A-F]{4}) ([0-9A-F]{2}) /gm,
    )) {
      const number = Number.parseInt(port, 16);
      if (state === LISTENING || number < first || number > last) continue;
      const key = `${address} ${remote}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const used = [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_USED);
  return { range: [first, last], used: used.map(([key, count]) => ({ ...parsePair(key), count })) };
}

/**
 * @param statistics - `/proc/net/stat/nf_conntrack`: a line of names, then a line of hexadecimal counts per processor
 * @returns undefined when the kernel does not track connections
 */
export function parseTracking(
  count: string | undefined,
  max: string | undefined,
  statistics: string | undefined,
): Tracking | undefined {
  if (count === undefined || max === undefined) return undefined;
  const [names = "", ...rows] = (statistics ?? "").trim().split("\n");
  const column = names.trim().split(/\s+/).indexOf("drop");
  const dropped = rows.map((row) => Number.parseInt(row.trim().split(/\s+/)[column] ?? "0", 16));
  return { count: Number(count), max: Number(max), dropped: dropped.reduce((sum, one) => sum + one, 0) };
}

function parsePair(key: string): { from: string; to: string } {
  const [address = "", remote = ""] = key.split(" ");
  const [host = "", port = ""] = remote.split(":");
  const shown = showAddress(host);
  const bracketed = shown.includes(":") ? `[${shown}]` : shown;
  return { from: showAddress(address), to: `${bracketed}:${Number.parseInt(port, 16)}` };
}

/** Words of 32 bits in the processor's order, which is little-endian on all that amphorae run on. */
function showAddress(hex: string): string {
  const bytes = Buffer.from(hex, "hex");
  bytes.swap32();
  if (bytes.length === 4) return bytes.join(".");
  const isMapped = bytes.subarray(0, 12).toString("hex") === "00000000000000000000ffff";
  if (isMapped) return bytes.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return groups.join(":");
}
