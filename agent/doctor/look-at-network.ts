/** Checks of the namespace: what it should have, and what goes through it. */
import type { Config } from "../config/types.ts";
import { interfaceFiles } from "../network/interface-files.ts";
import type { Netns } from "../network/netns.ts";
import { planLink, planRouting } from "../network/plan-up.ts";
import { readState } from "../network/read-state.ts";
import type { InterfaceFile, NetworkState, Step } from "../network/types.ts";
import type { Facts } from "../status/facts.ts";
import { replaceFile } from "../system/files.ts";
import { judgeConnections } from "./judge-connections.ts";
import { type InterfacePlan, judgeNetwork } from "./judge-network.ts";
import { type DuplicateProbe, judgeDuplicates, judgePaths, type PathProbe } from "./judge-reach.ts";
import { membersOf } from "./members.ts";
import { parsePorts, parseTracking } from "./parse-sockets.ts";
import { parsePaths, pingPath } from "./ping-paths.ts";
import { lookInside } from "./probe.ts";
import type { Check } from "./run-checks.ts";

export interface NetworkParts {
  readonly facts: Facts;
  readonly config: Config;
  readonly netns: Netns;
}

/** What is asked of the network is bounded, however large the load balancer is. */
const MOST_ADDRESSES = 32;
const MOST_PATHS = 16;
const SYSCTLS = "/proc/sys/net";
const TABLES = "/proc/thread-self/net";
/** Two questions, a second apart. */
const ARPING_TIMEOUT_MS = 6_000;

/** None without a namespace, which the status tells. */
export function networkChecks({ facts, config, netns }: NetworkParts): Check[] {
  const interfaces = "value" in facts.interfaces ? facts.interfaces.value : undefined;
  if (!interfaces) return [];
  const mtus = new Map(interfaces.map(({ name, mtu }) => [name, mtu]));
  return [
    { name: "network", run: async () => judgeNetwork(await readPlans(config, netns, mtus)) },
    {
      name: "duplicates",
      run: async (signal) => {
        const addresses = interfaces
          .filter(({ name, up, carrier }) => name !== "lo" && up && carrier)
          .flatMap((one) => one.addresses.map(({ address }) => ({ device: one.name, address })))
          // The kernel itself looks for others with an IPv6 address (RFC 4862, 5.4); the status tells.
          .filter(({ address }) => !address.includes(":"));
        const probes = addresses.slice(0, MOST_ADDRESSES).map((one) => askForOthers(netns, one, signal));
        return judgeDuplicates(await Promise.all(probes));
      },
    },
    { name: "mtu", run: async (signal) => judgePaths(await pingMembers(facts, netns, mtus, signal)) },
    {
      name: "connections",
      run: async (signal) => {
        const files = [
          `${TABLES}/tcp`,
          `${TABLES}/tcp6`,
          `${SYSCTLS}/ipv4/ip_local_port_range`,
          `${SYSCTLS}/netfilter/nf_conntrack_count`,
          `${SYSCTLS}/netfilter/nf_conntrack_max`,
          `${TABLES}/stat/nf_conntrack`,
        ];
        const { texts } = await lookInside({ files }, signal);
        const [tcp = "", tcp6 = "", range = "", count, max, statistics] = texts;
        return judgeConnections(parseTracking(count, max, statistics), parsePorts([tcp, tcp6], range));
      },
    },
  ];
}

async function readPlans(
  config: Config,
  netns: Netns,
  mtus: ReadonlyMap<string, number>,
): Promise<InterfacePlan[]> {
  const [files, state] = await Promise.all([
    interfaceFiles(() => config.agentServerNetworkDir, replaceFile).readAll(),
    readState(netns),
  ]);
  return files.flatMap((file) => {
    const found = mtus.get(file.name);
    if (found === undefined || !state) return [];
    return [{ name: file.name, mtu: { wanted: file.mtu, found }, steps: stepsFor(file, state) }];
  });
}

function stepsFor(file: InterfaceFile, state: NetworkState): readonly Step[] {
  const { wasDown, steps, deletions } = planLink(file, state);
  return wasDown ? [] : [...steps, ...deletions, ...planRouting(file, state).steps];
}

/** Asks as a host does that has no address yet, so that only others answer (RFC 5227, 2.1.1). */
async function askForOthers(
  { exec }: Netns,
  { device, address }: { readonly device: string; readonly address: string },
  signal: AbortSignal,
): Promise<DuplicateProbe> {
  const words = ["-D", "-q", "-c", "2", "-w", "2", "-I", device, address];
  const { exitCode, output } = await exec("arping", words, { timeoutMs: ARPING_TIMEOUT_MS, signal });
  // Quiet as it was told to be, it has words for what it could not do only.
  if (exitCode !== 0 && output.trim() !== "") throw new Error(`arping: ${output.trim()}`);
  return { device, address, isAnswered: exitCode !== 0 };
}

async function pingMembers(
  facts: Facts,
  netns: Netns,
  mtus: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<PathProbe[]> {
  const hosts = [...new Set(membersOf(facts).map(({ host }) => host))].slice(0, MOST_PATHS);
  if (hosts.length === 0) return [];
  const questions = hosts.map((host) => `route get ${host}\n`).join("");
  // Without a route there is no way to measure; members says so. The others are answered all the same.
  const { stdout } = await netns.ip(["-j", "-force", "-batch", "-"], questions);
  const paths = parsePaths(stdout, mtus);
  return Promise.all(paths.map((path) => pingPath(netns, path, signal)));
}
