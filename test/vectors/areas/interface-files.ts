/** Plug requests against a recorded host: files, answers, moves, the list of ports and announcements are exact. */
import { deepStrictEqual } from "node:assert";
import { readFile } from "node:fs/promises";
import { AgentError, asError } from "../../../agent/errors.ts";
import { type PlugHost, plugNetwork, plugVip } from "../../../agent/network/plug.ts";
import type { InterfaceFile, Link } from "../../../agent/network/types.ts";
import type { Outcome } from "./index.ts";

export const name = "interface-files";

type Links = Readonly<Record<string, string>>;

interface Case {
  readonly name: string;
  readonly input: {
    readonly path: string;
    readonly body?: unknown;
    readonly topology: "SINGLE" | "ACTIVE_STANDBY";
    readonly host_interfaces: Links;
    readonly namespace_interfaces: Links;
    readonly plugged_interfaces_before?: string;
  };
  readonly expected: Result & { readonly status: number; readonly response: unknown };
}

/** What a request leaves behind. */
interface Result {
  readonly files: Record<string, unknown>;
  readonly link_moves: unknown[];
  readonly commands: string[][];
  readonly advertised: string[];
  plugged_interfaces_after: string | null;
}

const BRING_UP = ["ip", "netns", "exec", "amphora-haproxy", "amphora-interface", "up"];
/** The part of these messages after the colon is free text. */
const FREE_TEXT = /^(Invalid (?:VIP|VRRP Address)): .*$/s;

export async function run(directory: string): Promise<Outcome> {
  const cases = JSON.parse(await readFile(`${directory}/cases.json`, "utf8")) as Case[];
  const failed: { name: string; reason: string }[] = [];
  for (const item of cases) {
    try {
      await check(item);
    } catch (error) {
      failed.push({ name: item.name, reason: asError(error).message });
    }
  }
  return { passed: cases.length - failed.length, failed };
}

async function check({ input, expected }: Case): Promise<void> {
  const result: Result = {
    files: {},
    link_moves: [],
    commands: [],
    advertised: [],
    plugged_interfaces_after: input.plugged_interfaces_before ?? null,
  };
  const answer = await request(input, recorder(input, result));
  const { status, response, ...effects } = expected;
  deepStrictEqual(
    { ...answer, response: cutFreeText(answer.response) },
    { status, response: cutFreeText(response) },
  );
  deepStrictEqual(result, effects);
}

async function request(
  { path, body }: Case["input"],
  host: PlugHost,
): Promise<{ status: number; response: unknown }> {
  const vip = /^\/1\.0\/plug\/vip\/([^/]+)$/.exec(path)?.[1];
  try {
    const details = await (vip === undefined
      ? plugNetwork(host, body)
      : plugVip(host, decodeURIComponent(vip), body));
    return { status: 202, response: { message: "OK", details } };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { status: error.status, response: error.body };
  }
}

/** A host that has what the case says and writes down what is done to it. */
function recorder(input: Case["input"], result: Result): PlugHost {
  const hostLinks = linksOf(input.host_interfaces);
  return {
    topology: () => input.topology,
    hostLinks: async () => hostLinks,
    namespaceLinks: async () => linksOf(input.namespace_interfaces),
    moveLink: async (from, to) => {
      const { mac } = hostLinks.find((link) => link.name === from) ?? {};
      result.link_moves.push({ mac, from, netns: "amphora-haproxy", name: to });
    },
    readInterfaceFile: async () => undefined,
    writeInterfaceFile: async (file: InterfaceFile) => {
      result.files[`${file.name}.json`] = JSON.parse(JSON.stringify(file));
    },
    readPlugged: async () => result.plugged_interfaces_after ?? undefined,
    writePlugged: async (text) => {
      result.plugged_interfaces_after = text;
    },
    bringUp: async (interfaceName) => {
      result.commands.push([...BRING_UP, interfaceName]);
    },
    // What a case shows as plugged is up, too.
    needsBringUp: async () => false,
    rescanPci: async () => undefined,
    announce: (addresses) => {
      result.advertised.push(...addresses);
    },
  };
}

function linksOf(links: Links): Link[] {
  return Object.entries(links).map(([mac, interfaceName]) => ({ mac, name: interfaceName, up: true }));
}

function cutFreeText(response: unknown): unknown {
  if (typeof response !== "object" || response === null || !("message" in response)) return response;
  return { ...response, message: String(response.message).replace(FREE_TEXT, "$1") };
}
