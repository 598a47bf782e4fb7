/** Golden heartbeats: statistics to messages, keepalived guard, destinations (docs/contract/heartbeat.md, section 10). */
import { isDeepStrictEqual } from "node:util";
import { parseExact, stringifyExact } from "../../../agent/heartbeat/exact-json.ts";
import { type Case, runCases } from "./heartbeat-cases.ts";
import { GoldenHost, type GoldenLoadBalancer, type GoldenLvs } from "./heartbeat-host.ts";
import type { Outcome } from "./index.ts";

export const name = "heartbeat";

interface MessagesInput {
  readonly amphora_id: string;
  readonly first_seq: number;
  readonly counters_file_before: string | null;
  readonly steps: readonly {
    readonly loadbalancers?: readonly GoldenLoadBalancer[];
    readonly lvs?: GoldenLvs;
  }[];
}
interface MessagesExpected {
  readonly messages: readonly unknown[];
  readonly counters_file_after: unknown;
}
interface GuardInput {
  readonly keepalived_conf_exists: boolean;
  readonly pid_file_text: string | null;
  readonly process_alive: boolean;
}
interface GuardExpected {
  readonly heartbeat_sent: boolean;
  readonly signal_checks: readonly (readonly [number, number])[];
}
interface DestinationsInput {
  readonly phases: readonly {
    readonly controller_ip_port_list: readonly string[];
    readonly heartbeats: number;
  }[];
}
interface DestinationsExpected {
  readonly destinations: readonly (readonly [string, number] | null)[];
}

export async function run(directory: string): Promise<Outcome> {
  const outcomes = [
    await runCases(`${directory}/cases.json`, checkMessages),
    await runCases(`${directory}/guard.json`, checkGuard),
    await runCases(`${directory}/destinations.json`, checkDestinations),
  ];
  return {
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    failed: outcomes.flatMap(({ failed }) => failed),
  };
}

async function checkMessages({
  input,
  expected,
}: Case<MessagesInput, MessagesExpected>): Promise<string | undefined> {
  await using host = await GoldenHost.create();
  if (input.counters_file_before !== null)
    await host.write("stats_counters.json", input.counters_file_before);
  const heartbeats = host.heartbeats({ amphoraId: input.amphora_id, firstSequence: input.first_seq });
  const messages: unknown[] = [];
  for (const { loadbalancers = [], lvs } of input.steps) {
    await host.setLoadBalancers(loadbalancers);
    await host.setLvs(lvs);
    messages.push((await heartbeats.next())?.message ?? { no_heartbeat: true });
  }
  const file = await host.read("stats_counters.json");
  return (
    difference("messages", messages, expected.messages) ??
    difference("counters", file === undefined ? null : parseExact(file), expected.counters_file_after)
  );
}

async function checkGuard({ input, expected }: Case<GuardInput, GuardExpected>): Promise<string | undefined> {
  await using host = await GoldenHost.create();
  if (input.keepalived_conf_exists) await host.write("vrrp/octavia-keepalived.conf", "");
  if (input.pid_file_text !== null) await host.write("vrrp/octavia-keepalived.pid", input.pid_file_text);
  const signals: [number, number][] = [];
  const heartbeats = host.heartbeats({
    signal: (pid, signal) => {
      signals.push([pid, signal]);
      if (!input.process_alive) throw Object.assign(new Error("no such process"), { code: "ESRCH" });
    },
  });
  const sent = (await heartbeats.next()) !== undefined;
  return (
    difference("heartbeat_sent", sent, expected.heartbeat_sent) ??
    difference("signal_checks", signals, expected.signal_checks)
  );
}

async function checkDestinations(
  item: Case<DestinationsInput, DestinationsExpected>,
): Promise<string | undefined> {
  await using host = await GoldenHost.create();
  let list: readonly string[] = [];
  const heartbeats = host.heartbeats({ destinations: () => list });
  const destinations: (readonly [string, number] | null)[] = [];
  for (const phase of item.input.phases) {
    list = phase.controller_ip_port_list;
    for (let count = 0; count < phase.heartbeats; count += 1) {
      destinations.push((await heartbeats.next())?.destination ?? null);
    }
  }
  return (
    difference("destinations", destinations, expectedDestinations(item)) ??
    unreported(item.input, heartbeats.log())
  );
}

/**
 * The golden answer, save for lists with an entry that has no port: upstream ignores that entry and all behind
 * it, so that one typing error can silence the amphora towards every controller. We deviate on purpose: all
 * other entries are used, in order, and the wrong one is reported.
 */
function expectedDestinations({
  input,
  expected,
}: Case<DestinationsInput, DestinationsExpected>): DestinationsExpected["destinations"] {
  if (!input.phases.some(({ controller_ip_port_list }) => controller_ip_port_list.some(hasNoPort))) {
    return expected.destinations;
  }
  return input.phases.flatMap(({ controller_ip_port_list, heartbeats }) => {
    const usable = controller_ip_port_list.filter((entry) => !hasNoPort(entry));
    return Array.from({ length: heartbeats }, (_, turn) => split(usable[turn % usable.length]));
  });
}

function hasNoPort(entry: string): boolean {
  return !entry.includes(":");
}

function split(entry: string | undefined): readonly [string, number] | null {
  if (entry === undefined) return null;
  const colon = entry.lastIndexOf(":");
  return [entry.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), Number(entry.slice(colon + 1))];
}

function unreported({ phases }: DestinationsInput, log: string): string | undefined {
  const wrong = phases.flatMap(({ controller_ip_port_list }) => controller_ip_port_list).filter(hasNoPort);
  const silent = wrong.filter((entry) => !log.includes(`"entry":${JSON.stringify(entry)}`));
  return silent.length > 0 ? `nothing was logged about ${silent.join(", ")}` : undefined;
}

function difference(what: string, actual: unknown, expected: unknown): string | undefined {
  if (isDeepStrictEqual(actual, expected)) return undefined;
  return `${what}: ${stringifyExact(actual)} instead of ${stringifyExact(expected)}`;
}
