/** Who listens where, and who serves it, by a stored HAProxy configuration (docs/contract/rest-api.md, R4). */

export interface FrontendConfig {
  readonly id: string;
  readonly protocol: "HTTP" | "TCP" | "TERMINATED_HTTPS" | "PROMETHEUS";
  /** `address:port`, IPv6 in brackets. */
  readonly addresses: readonly string[];
  readonly limit: number | undefined;
  readonly defaultBackend: string | undefined;
}

export interface BackendConfig {
  readonly key: string;
  /** Addresses of servers by name, as of {@link FrontendConfig.addresses}. */
  readonly servers: ReadonlyMap<string, string>;
}

export interface HaproxyConfig {
  readonly frontends: readonly FrontendConfig[];
  readonly backends: readonly BackendConfig[];
}

/** The exporter's own proxies are nobody's listener or pool (docs/contract/metrics.md, section 1). */
const INTERNAL = "prometheus-exporter-internal";

interface Section {
  readonly kind: string;
  readonly name: string;
  readonly lines: string[][];
}

/** Never fails: HAProxy has accepted the text, and what is not known here is left out. */
export function parseHaproxyConfig(text: string): HaproxyConfig {
  const sections = sectionsOf(text).filter(({ name }) => !name.startsWith(INTERNAL));
  return {
    frontends: sections.filter(({ kind }) => kind === "frontend").map(parseFrontend),
    backends: sections.filter(({ kind }) => kind === "backend").map(parseBackend),
  };
}

/** A section begins with a word at the beginning of a line. */
function sectionsOf(text: string): Section[] {
  const sections: Section[] = [];
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    const [first = "", name = ""] = words;
    if (first === "" || first.startsWith("#")) continue;
    if (/^\S/.test(line)) sections.push({ kind: first, name, lines: [] });
    else sections.at(-1)?.lines.push(words);
  }
  return sections;
}

function parseFrontend({ name, lines }: Section): FrontendConfig {
  const binds = lines.filter(([word]) => word === "bind");
  const defaultBackend = argumentOf(lines, "default_backend");
  const limit = Number(argumentOf(lines, "maxconn") ?? Number.NaN);
  return {
    id: name,
    protocol: protocolOf(lines, binds, defaultBackend),
    addresses: binds.flatMap(([, list = ""]) => list.split(",").map(showAddress)),
    limit: Number.isSafeInteger(limit) ? limit : undefined,
    defaultBackend: defaultBackend === INTERNAL ? undefined : defaultBackend,
  };
}

function protocolOf(
  lines: readonly string[][],
  binds: readonly string[][],
  defaultBackend: string | undefined,
): FrontendConfig["protocol"] {
  if (defaultBackend === INTERNAL) return "PROMETHEUS";
  if (binds.some((words) => words.includes("ssl"))) return "TERMINATED_HTTPS";
  return argumentOf(lines, "mode") === "http" ? "HTTP" : "TCP";
}

function parseBackend({ name, lines }: Section): BackendConfig {
  const servers = lines.flatMap(([word, server, address]): [string, string][] =>
    word === "server" && server !== undefined && address !== undefined
      ? [[server, showAddress(address)]]
      : [],
  );
  return { key: name, servers: new Map(servers) };
}

function argumentOf(lines: readonly string[][], directive: string): string | undefined {
  return lines.find(([word]) => word === directive)?.[1];
}

/** HAProxy takes what follows the last colon for the port, with or without brackets. */
function showAddress(text: string): string {
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, colon);
  return host.includes(":") && !host.startsWith("[") ? `[${host}]${text.slice(colon)}` : text;
}
