/**
 * Which differences HAProxy's runtime API can make, and how (HAProxy management guide, 9.3). Whatever is not
 * listed here is HAProxy's own reload.
 */
import type { HaproxyVersion } from "../../supervisor/types.ts";
import { isAtLeast } from "../parse-version.ts";
import { sectionName } from "./parse-sections.ts";
import { optionsOf } from "./parse-server.ts";
import { planCertificates } from "./plan-certificates.ts";
import { hasSameOptions } from "./plan-differences.ts";
import type { Change, Difference, Files, Plan, Section, ServerName } from "./types.ts";

/** Beyond it a reload is the quicker way. */
const MOST_CHANGES = 500;

/** Algorithms with which a server's weight may change at any time. */
const DYNAMIC = new Set(["roundrobin", "leastconn"]);

/** Words in a backend that may name a server of it, or give servers what `add server` does not. */
const REFERS_TO_SERVERS = new Set(["default-server", "server-template", "use-server", "use-fcgi-app"]);

/** What `add server` takes of what the controller writes; a file has to be in HAProxy's memory already. */
const ADDABLE = new Set([
  "addr",
  "alpn",
  "backup",
  "check",
  "check-alpn",
  "check-ssl",
  "ciphers",
  "fall",
  "inter",
  "no-sslv3",
  "no-tlsv10",
  "no-tlsv11",
  "no-tlsv12",
  "no-tlsv13",
  "port",
  "rise",
  "send-proxy",
  "send-proxy-v2",
  "sni",
  "ssl",
  "verify",
]);

/** Words that need no quoting in a command; a backend's name and a server's are joined by a slash. */
const PLAIN_NAME = /^[\w.:-]+$/;
const PLAIN_WORD = /^[\w.,:/@!+=-]+$/;

/** Changes, or why there has to be a reload. */
type Decision = readonly Change[] | string;

export interface RuntimeCircumstances {
  readonly version: HaproxyVersion;
  /** Servers that HAProxy has beside those of the running configuration. */
  readonly leaving: readonly ServerName[];
  readonly files: { readonly before: Files; readonly after: Files };
}

/**
 * @param sections - of the configuration that is wanted; the differences lead to it
 * @returns changes in the order in which they have to be made: nothing that serves is taken away before what takes
 * its place is there
 */
export function planRuntime(
  sections: readonly Section[],
  differences: readonly Difference[],
  { version, leaving, files }: RuntimeCircumstances,
): Plan {
  const byName = new Map(sections.map((section) => [sectionName(section), section]));
  const changes: Change[] = [];
  for (const difference of differences) {
    const decision = decide(difference, byName, version);
    if (typeof decision === "string") return { reason: decision };
    changes.push(...decision);
  }
  const changedFiles = differences.flatMap((difference) => ("file" in difference ? difference.file : []));
  const certificates = planCertificates(files.before, files.after, changedFiles, version);
  if (typeof certificates === "string") return { reason: certificates };
  changes.push(...certificates);
  const taken = leaving.find((server) =>
    changes.some(
      (change) =>
        change.kind === "server.add" &&
        change.backend === server.backend &&
        change.server.name === server.name,
    ),
  );
  if (taken) return { reason: `${taken.name} is added again, and clients still use the one before` };
  if (changes.length > MOST_CHANGES) return { reason: `${changes.length} changes are more than a reload` };
  return { changes: changes.toSorted((one, other) => rank(one) - rank(other)) };
}

/** What others need comes before, what others do not need any more behind them. */
const EARLY = ["certificate.set", "list.add", "server.add"];
const LATE = ["server.delete", "list.delete", "certificate.delete"];

function rank({ kind }: Change): number {
  return EARLY.includes(kind) ? EARLY.indexOf(kind) : EARLY.length + 1 + LATE.indexOf(kind);
}

function decide(
  difference: Difference,
  sections: ReadonlyMap<string, Section>,
  version: HaproxyVersion,
): Decision {
  switch (difference.kind) {
    case "sectionAdded":
      return `${difference.section} is new`;
    case "sectionRemoved":
      return `${difference.section} is gone`;
    case "orderChanged":
      return decideOrder(difference, sections);
    case "lineAdded":
    case "lineRemoved":
      return `${difference.section}: ${difference.line[0]}`;
    case "lineChanged":
      return decideLine(difference);
    case "serverAdded":
    case "serverRemoved":
    case "serverChanged":
      return decideServer(difference, sections, version);
    case "fileChanged":
    case "fileAdded":
    case "fileRemoved":
      return [];
  }
}

function decideOrder(
  { section, what }: Extract<Difference, { kind: "orderChanged" }>,
  sections: ReadonlyMap<string, Section>,
): Decision {
  const found = sections.get(section);
  return what === "servers" && found && isDynamic(found) ? [] : `${section}: order of ${what}`;
}

function decideLine({ section, from, to }: Extract<Difference, { kind: "lineChanged" }>): Decision {
  const [kind, frontend, ...rest] = section.split(" ");
  const [keyword, limit = "", ...others] = to;
  const isLimit =
    keyword === "maxconn" && others.length === 0 && from.length === 2 && /^[1-9]\d{0,8}$/.test(limit);
  if (
    kind !== "frontend" ||
    frontend === undefined ||
    rest.length > 0 ||
    !isLimit ||
    !PLAIN_NAME.test(frontend)
  )
    return `${section}: ${keyword}`;
  return [{ kind: "frontend.maxconn", frontend, limit: Number(limit) }];
}

function decideServer(
  difference: Extract<Difference, { kind: "serverAdded" | "serverRemoved" | "serverChanged" }>,
  sections: ReadonlyMap<string, Section>,
  version: HaproxyVersion,
): Decision {
  const section = sections.get(difference.section);
  const [kind, backend, ...rest] = section?.header ?? [];
  if (
    !section ||
    kind !== "backend" ||
    backend === undefined ||
    rest.length > 0 ||
    hasDefaultServer(sections)
  ) {
    return `${difference.section}: its servers cannot be changed`;
  }
  const { name } = difference.kind === "serverChanged" ? difference.to : difference.server;
  if (!PLAIN_NAME.test(backend) || !PLAIN_NAME.test(name)) return `${difference.section}: names need quotes`;
  if (difference.kind === "serverChanged") return decideChange(backend, section, difference);
  const obstacle = obstacleToMembership(section, version);
  if (obstacle !== undefined) return `${difference.section}: ${obstacle}`;
  const { server } = difference;
  if (difference.kind === "serverRemoved") return [{ kind: "server.delete", backend, name }];
  const [unknown] = [...optionsOf(server).keys()].filter((option) => !ADDABLE.has(option));
  if (unknown !== undefined) return `${difference.section}: a server with ${unknown} cannot be added`;
  const quoted = server.options.find((word) => !PLAIN_WORD.test(word));
  if (quoted !== undefined) return `${difference.section}: ${quoted} needs quotes`;
  return [{ kind: "server.add", backend, server }];
}

/** @returns why servers cannot be added and deleted, if they cannot */
function obstacleToMembership(section: Section, version: HaproxyVersion): string | undefined {
  // Before, these commands are for experiments.
  if (!isAtLeast(version, 2, 6)) return "HAProxy before 2.6 cannot add servers";
  if (!isDynamic(section)) return "servers of this algorithm are fixed";
  // A stored cookie names its server; servers with one are no dynamic ones.
  const word = section.lines.find(
    ([first = "", second = ""]) => first === "cookie" || second === "external-check",
  );
  return word && `servers with ${word.join(" ")} are fixed`;
}

function isDynamic({ lines }: Section): boolean {
  const [, algorithm = "", ...rest] = lines.findLast(([first]) => first === "balance") ?? [];
  return DYNAMIC.has(algorithm) && rest.length === 0;
}

/** A setting that all servers get, or that names some of them: then a line does not say all of a server. */
function hasDefaultServer(sections: ReadonlyMap<string, Section>): boolean {
  return [...sections.values()].some(({ lines }) =>
    lines.some(([first = ""]) => REFERS_TO_SERVERS.has(first)),
  );
}

function decideChange(
  backend: string,
  section: Section,
  { from, to }: Extract<Difference, { kind: "serverChanged" }>,
): Decision {
  if (!hasSameOptions(from, to)) return `${section.header.join(" ")}: options of ${to.name}`;
  const { name, address, port, weight } = to;
  const changes: Change[] = [];
  if (from.address !== address || from.port !== port) {
    changes.push({ kind: "server.address", backend, name, address, port });
  }
  if (from.weight !== weight) {
    if (!isDynamic(section)) return `${section.header.join(" ")}: weights of this algorithm are fixed`;
    changes.push({ kind: "server.weight", backend, name, weight });
  }
  if (from.isDisabled !== to.isDisabled) {
    changes.push({ kind: to.isDisabled ? "server.disable" : "server.enable", backend, name });
  }
  return changes;
}
