/** How large a packet may be on the way to a host, asked with packets that nobody may divide. */
import { AgentError } from "../errors.ts";
import type { Netns } from "../network/netns.ts";
import { parseAddress } from "../parse-address.ts";
import type { PathProbe } from "./judge-reach.ts";

/** IP header, ICMP header (RFC 791, RFC 792; RFC 8200, RFC 4443). */
const HEADERS = { 4: 28, 6: 48 } as const;
const SMALL_PACKET = 128;
/** Packets of Ethernet, PPPoE, VXLAN, GRE, WireGuard, and the least that IPv6 allows. */
const USUAL_SIZES = [8_950, 1_500, 1_492, 1_450, 1_420, 1_400, 1_280];
/** ping's own words when a router, or the kernel, has told it to send smaller ones: then TCP knows it as well. */
const TOLD = /too long|Frag needed|Packet too big/;
/** ip-netns(8), of a program that is not there. */
const MISSING = /exec of "ping" failed/;

export interface Path {
  readonly host: string;
  readonly device: string;
  readonly linkMtu: number;
}

/** @throws AgentError `commandFailed` when there is no ping */
export async function pingPath(netns: Netns, path: Path, signal: AbortSignal): Promise<PathProbe> {
  const { host, linkMtu } = path;
  const first = await ping(netns, host, linkMtu, signal);
  if (first !== "lost") return { ...path, largest: linkMtu };
  if ((await ping(netns, host, SMALL_PACKET, signal)) !== "answered") return { ...path, largest: undefined };
  const sizes = USUAL_SIZES.filter((size) => size < linkMtu);
  const answers = await Promise.all(sizes.map((size) => ping(netns, host, size, signal)));
  const largest = sizes.find((_size, index) => answers[index] === "answered") ?? SMALL_PACKET;
  return { ...path, largest };
}

/** @param packetBytes - with its headers */
async function ping(
  { exec }: Netns,
  host: string,
  packetBytes: number,
  signal: AbortSignal,
): Promise<"answered" | "lost" | "told"> {
  const family = parseAddress(host)?.family ?? 4;
  const size = String(packetBytes - HEADERS[family]);
  const args = ["-n", "-M", "do", "-c", "1", "-W", "1", "-s", size, host];
  const { exitCode, output } = await exec("ping", args, { timeoutMs: 3_000, signal });
  if (exitCode === 0) return "answered";
  if (MISSING.test(output))
    throw new AgentError("commandFailed", "cannot run ping", { details: output.trim() });
  return TOLD.test(output) ? "told" : "lost";
}

/** Ways to hosts, as `ip -j route get` printed them, a JSON document a line; local ones are left out. */
export function parsePaths(text: string, mtus: ReadonlyMap<string, number>): Path[] {
  return text.split("\n").flatMap((line) => {
    if (line.trim() === "") return [];
    const rows: unknown = JSON.parse(line);
    const [row] = Array.isArray(rows) ? (rows as { dst?: string; dev?: string; type?: string }[]) : [];
    const linkMtu = mtus.get(row?.dev ?? "");
    if (row?.dst === undefined || row.dev === undefined || linkMtu === undefined) return [];
    return row.dev === "lo" || row.type === "local" ? [] : [{ host: row.dst, device: row.dev, linkMtu }];
  });
}
