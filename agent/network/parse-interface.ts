/** Interface files read back (docs/contract/network.md, section 2); pure. */
import { AgentError } from "../errors.ts";
import { parseAddress, parseCidr } from "../parse-address.ts";
import { Fields } from "./parse-fields.ts";
import { VIP_TABLE } from "./render-interface.ts";
import type { AddressEntry, InterfaceFile, RouteEntry, Vip } from "./types.ts";

/**
 * @param path - named in the error
 * @throws AgentError `internal` when the file is not an interface file
 */
export function parseInterfaceFile(text: string, path: string): InterfaceFile {
  const reject = (reason: string): Error => new AgentError("internal", `${path} is broken: ${reason}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new AgentError("internal", `${path} is broken: not JSON`, { cause: error });
  }
  const fields = Fields.of(json, "file", reject);
  const type = fields.optionalText("if_type");
  const mtu = fields.optionalInteger("mtu");
  const scripts = fields.optionalFields("scripts");
  const name = fields.text("name");
  // What the kernel takes as a name; also, it becomes a word of a command.
  if (!/^[^\s/]{1,15}$/.test(name)) throw fields.error("name is not an interface name");
  return {
    name,
    ...(type === undefined ? {} : { if_type: type }),
    addresses: fields.optionalItems("addresses").map(parseAddressEntry),
    routes: fields.optionalItems("routes").map(parseRouteEntry),
    rules: fields.optionalItems("rules").map((item) => ({
      src: item.text("src"),
      src_len: item.integer("src_len"),
      table: item.integer("table"),
    })),
    scripts: { up: parseScripts(scripts, "up"), down: parseScripts(scripts, "down") },
    is_sriov: fields.optionalFlag("is_sriov") ?? null,
    ...(mtu ? { mtu } : {}),
  };
}

function parseScripts(scripts: Fields | undefined, key: string): { command: string }[] {
  return (scripts?.optionalItems(key) ?? []).map((item) => ({ command: item.text("command") }));
}

function parseAddressEntry(item: Fields): AddressEntry {
  const dhcp = item.optionalFlag("dhcp") ?? false;
  const ipv6auto = item.optionalFlag("ipv6auto") ?? false;
  if (dhcp || ipv6auto) return { ...(dhcp && { dhcp }), ...(ipv6auto && { ipv6auto }) };
  const owned = item.optionalFlag("octavia_owned");
  return {
    address: item.text("address"),
    prefixlen: item.integer("prefixlen"),
    ...(owned === undefined ? {} : { octavia_owned: owned }),
  };
}

function parseRouteEntry(item: Fields): RouteEntry {
  const optional = {
    gateway: item.optionalText("gateway"),
    prefsrc: item.optionalText("prefsrc"),
    scope: item.optionalText("scope"),
    table: item.optionalInteger("table"),
  };
  const flags = item.optionalTexts("flags");
  return {
    dst: item.text("dst"),
    ...(optional.gateway === undefined ? {} : { gateway: optional.gateway }),
    ...(flags.length > 0 ? { flags } : {}),
    ...(optional.prefsrc === undefined ? {} : { prefsrc: optional.prefsrc }),
    ...(optional.scope === undefined ? {} : { scope: optional.scope }),
    ...(optional.table === undefined ? {} : { table: optional.table }),
  };
}

/**
 * The VIPs of a VIP file, in order. Each has exactly one subnet route without a source, after its
 * default routes and before its host routes (docs/contract/network.md, 2.1); routes of fixed IPs come last.
 */
export function parseVips(file: InterfaceFile): Vip[] {
  const addresses = file.addresses.flatMap((entry) =>
    "address" in entry && entry.octavia_owned !== undefined ? [entry.address] : [],
  );
  const starts = file.routes.flatMap((route, index) =>
    route.scope === "link" && route.prefsrc === undefined ? [index] : [],
  );
  return addresses.flatMap((text, index) => {
    const address = parseAddress(text);
    const start = starts[index];
    if (!address || start === undefined) return [];
    const { prefix } = parseCidr(file.routes[start]?.dst ?? "") ?? {};
    if (prefix === undefined) return [];
    const gateway = file.routes.slice(starts[index - 1] ?? 0, start).findLast(isDefault)?.gateway;
    const hostRoutes = file.routes
      .slice(start, starts[index + 1])
      .filter((route) => route.table === VIP_TABLE && !isDefault(route))
      .flatMap(({ dst, gateway: nexthop }) => (nexthop === undefined ? [] : [{ destination: dst, nexthop }]));
    return [{ address, prefix, gateway, hostRoutes }];
  });
}

function isDefault(route: RouteEntry): boolean {
  return route.dst === "0.0.0.0/0" || route.dst === "::/0";
}
