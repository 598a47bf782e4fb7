/** What `ip -N -j -d` prints, normalised; pure. `-N` keeps tables and protocols as numbers. */
import { AgentError } from "../errors.ts";
import { maskHostBits, parseAddress, parseCidr, widthOf } from "../parse-address.ts";
import { Fields } from "./parse-fields.ts";
import type {
  Family,
  InterfaceCounters,
  Link,
  LinkAddress,
  NetworkState,
  Route,
  RouteStep,
  Rule,
} from "./types.ts";

const MAIN_TABLE = "254";
const UNICAST = "1";

/**
 * @param inet - output of `ip -4`: `link show`, `addr show`, `route show table all`, `rule show`, a JSON document each
 * @param inet6 - output of `ip -6`: the same without `link show`
 * @throws AgentError `internal` when iproute2 printed something else
 */
export function parseState(inet: string, inet6: string): NetworkState {
  const [links = [], ...inetRows] = parseDocuments(inet);
  const states = [parseFamily(4, inetRows), parseFamily(6, parseDocuments(inet6))];
  return {
    links: links.flatMap(parseLink),
    addresses: states.flatMap(({ addresses }) => addresses),
    routes: states.flatMap(({ routes }) => routes),
    rules: states.flatMap(({ rules }) => rules),
  };
}

function parseFamily(family: Family, [addresses, routes, rules]: Fields[][]): Omit<NetworkState, "links"> {
  if (!addresses || !routes || !rules)
    throw new AgentError("internal", "ip left out a part of the network's state");
  return {
    addresses: addresses.flatMap(parseLinkAddresses),
    routes: routes.flatMap(parseRoute(family)),
    rules: rules.flatMap(parseRule(family)),
  };
}

/** @param text - output of `ip -j link show` */
export function parseLinks(text: string): Link[] {
  return parseDocuments(text).flat().flatMap(parseLink);
}

/** @param text - output of `ip -j addr show` */
export function parseAddresses(text: string): LinkAddress[] {
  return parseDocuments(text).flat().flatMap(parseLinkAddresses);
}

/** @param text - output of `ip -j -s link show` */
export function parseCounters(text: string): InterfaceCounters {
  const rows = parseDocuments(text).flat();
  return Object.fromEntries(
    rows.flatMap((row) => {
      const name = row.optionalText("ifname");
      const stats = row.optionalFields("stats64");
      if (!name?.startsWith("eth") || !stats) return [];
      const bytes = (key: string): number => stats.optionalFields(key)?.optionalInteger("bytes") ?? 0;
      return [[name, { network_tx: bytes("tx"), network_rx: bytes("rx") }]];
    }),
  );
}

function parseDocuments(text: string): Fields[][] {
  return text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [parseDocument(line)]));
}

function parseDocument(line: string): Fields[] {
  const reject = (reason: string): Error =>
    new AgentError("internal", "ip printed something unexpected", { details: reason });
  let rows: unknown;
  try {
    rows = JSON.parse(line);
  } catch (error) {
    throw new AgentError("internal", "ip did not print JSON", { details: line.slice(0, 200), cause: error });
  }
  if (!Array.isArray(rows)) throw reject("not a list");
  // iproute2 prints an empty object for a row that its filter left out.
  return rows.map((row, index) => Fields.of(row, `row ${index}`, reject));
}

function parseLink(row: Fields): Link[] {
  const name = row.optionalText("ifname");
  const mac = row.optionalText("address")?.toLowerCase() ?? "";
  const mtu = row.optionalInteger("mtu");
  const up = row.optionalTexts("flags").includes("UP");
  return name === undefined ? [] : [{ name, mac, up, ...(mtu === undefined ? {} : { mtu }) }];
}

function parseLinkAddresses(row: Fields): LinkAddress[] {
  const device = row.optionalText("ifname");
  if (device === undefined) return [];
  return row.optionalItems("addr_info").flatMap((info) => {
    const address = parseAddress(info.optionalText("local") ?? "");
    if (!address) return [];
    const flag = (key: string): boolean => info.optionalFlag(key) ?? false;
    return [
      {
        device,
        family: address.family,
        address: address.canonical,
        prefix: info.optionalInteger("prefixlen") ?? widthOf(address.family),
        permanent: !flag("dynamic"),
        tentative: flag("tentative"),
        duplicate: flag("dadfailed"),
        // By name with `ip -j addr`, by number with `ip -N`.
        linkScope: ["link", "253"].includes(info.optionalText("scope") ?? ""),
      },
    ];
  });
}

const parseRoute =
  (family: Family) =>
  (row: Fields): Route[] => {
    const device = row.optionalText("dev");
    const destination = normaliseDestination(row.optionalText("dst") ?? "", family);
    if (device === undefined || destination === undefined) return [];
    if ((row.optionalText("type") ?? UNICAST) !== UNICAST || row.has("from")) return [];
    const gateway = row.optionalText("gateway") ?? row.optionalFields("via")?.optionalText("host");
    return [
      {
        device,
        family,
        destination,
        gateway: canonical(gateway),
        source: canonical(row.optionalText("prefsrc")),
        table: row.optionalText("table") ?? MAIN_TABLE,
        protocol: row.optionalText("protocol") ?? "",
        metric: row.optionalInteger("metric") ?? 0,
      },
    ];
  };

const parseRule =
  (family: Family) =>
  (row: Fields): Rule[] => {
    const source = parseAddress(row.optionalText("src") ?? "");
    if (!source) return [];
    return [
      {
        family,
        source: source.canonical,
        prefix: row.optionalInteger("srclen") ?? widthOf(family),
        table: row.optionalText("table") ?? "",
        protocol: row.optionalText("protocol") ?? "",
        priority: row.optionalInteger("priority") ?? 0,
      },
    ];
  };

/** `default`, a bare address or a CIDR as `<network>/<length>`. */
export function normaliseDestination(text: string, family: Family): string | undefined {
  if (text === "default") return family === 4 ? "0.0.0.0/0" : "::/0";
  const network = parseCidr(text);
  return network && `${maskHostBits(network).canonical}/${network.prefix}`;
}

function canonical(text: string | undefined): string | undefined {
  return text === undefined ? undefined : (parseAddress(text)?.canonical ?? text);
}

/** Two routes with the same key are the same route to us (docs/contract/network.md, 4.5). */
export function routeKey(route: Pick<RouteStep, "destination" | "gateway" | "source" | "table">): string {
  return [route.destination, route.gateway ?? "", route.source ?? "", route.table].join(" ");
}
