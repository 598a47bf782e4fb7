/**
 * What brings an interface from the kernel's state to its file's (docs/contract/network.md, 4.2 to 4.7); pure.
 * Two plans, since routes depend on what the kernel makes of the addresses.
 */
import { AgentError } from "../errors.ts";
import { parseAddress, widthOf } from "../parse-address.ts";
import { normaliseDestination, routeKey } from "./parse-state.ts";
import type {
  Address,
  AddressStep,
  InterfaceFile,
  LinkAddress,
  NetworkState,
  Route,
  RouteEntry,
  RouteStep,
  RuleStep,
  StaticAddress,
  Step,
} from "./types.ts";

/** rtnetlink(7): marks the routes that are ours. */
const PROTOCOL_STATIC = "4";
const PROTOCOL_KERNEL = "2";
const PROTOCOL_KEEPALIVED = "18";
const MAIN_TABLE = 254;
export const RULE_PRIORITY = 32_000;
/** What the kernel gives routes that name no metric. */
const DEFAULT_METRIC = { 4: 0, 6: 1024 } as const;

export interface LinkPlan {
  /** The link was administratively down, so MTU, DHCP and SLAAC are touched. */
  readonly wasDown: boolean;
  readonly dhcp: boolean;
  readonly slaac: boolean;
  /** Link up, deletions that additions need first, additions. */
  readonly steps: readonly Step[];
  /** Deletions, for after duplicate address detection. */
  readonly deletions: readonly Step[];
  /** IPv6 addresses of the file that must not be tentative when the plan is done. */
  readonly awaited: readonly string[];
}

/**
 * @throws AgentError `notFound` without the link, `invalidInput` when an address of the file does not parse
 */
export function planLink(file: InterfaceFile, state: NetworkState): LinkPlan {
  const link = state.links.find(({ name }) => name === file.name);
  if (!link) throw new AgentError("notFound", `no link ${file.name} in the namespace`);
  const wasDown = !link.up;
  const wanted = file.addresses.filter(isStatic).map((entry) => ({ entry, step: addressStep(file, entry) }));
  const present = state.addresses.filter((item) => item.device === file.name && item.permanent);
  const missing = wanted.filter(
    ({ entry, step }) => entry.octavia_owned !== false && !present.some(isSame(step)),
  );
  const additions = uniqueBy(
    missing.map(({ step }) => step),
    addressKey,
  );
  const leftovers = present.filter(
    (item) => !keepsForKernel(item) && !wanted.some(({ step }) => isSame(step)(item)),
  );
  const blocking = leftovers.filter((item) => additions.some((step) => blocks(item, step)));
  const later = leftovers.filter((item) => !blocking.includes(item));
  return {
    wasDown,
    dhcp: wasDown && file.addresses.some((entry) => !isStatic(entry) && entry.dhcp === true),
    slaac: wasDown && file.addresses.some((entry) => !isStatic(entry) && entry.ipv6auto === true),
    steps: [
      ...(wasDown ? [{ kind: "link.up" as const, device: file.name, mtu: file.mtu }] : []),
      ...blocking.map(deletion),
      ...additions.map((step) => ({ kind: "address.add" as const, ...step })),
    ],
    deletions: later.map(deletion),
    awaited: wanted.filter(({ step }) => step.family === 6).map(({ step }) => step.address),
  };
}

export interface RoutingPlan {
  readonly steps: readonly Step[];
  /** Routes of the file that no command can be made of; users can put anything into host routes. */
  readonly unusable: readonly RouteEntry[];
}

/** Routes and, for a VIP port, policy rules. @throws AgentError `invalidInput` when a rule does not parse */
export function planRouting(file: InterfaceFile, state: NetworkState): RoutingPlan {
  const parsed = file.routes.map((entry) => ({ entry, step: routeStep(file, entry) }));
  const wanted = uniqueBy(
    parsed.flatMap(({ step }) => (step ? [step] : [])),
    routeKey,
  );
  return {
    steps: [
      ...planRoutes(file.name, wanted, state.routes),
      ...(ownsRules(file) ? planRules(file, state) : []),
    ],
    unusable: parsed.flatMap(({ entry, step }) => (step ? [] : [entry])),
  };
}

/** @returns true when nothing is left to do; scripts, which have no state to look at, apart */
export function isSettled(file: InterfaceFile, state: NetworkState): boolean {
  const link = planLink(file, state);
  const tentative = state.addresses.some(
    (item) => item.device === file.name && item.tentative && link.awaited.includes(item.address),
  );
  return (
    !tentative &&
    link.steps.length + link.deletions.length === 0 &&
    planRouting(file, state).steps.length === 0
  );
}

/** Deletions come first: an old default route would keep its successor out ("File exists"). */
function planRoutes(device: string, wanted: readonly RouteStep[], routes: readonly Route[]): Step[] {
  const ours = routes.filter((route) => route.device === device && route.protocol === PROTOCOL_STATIC);
  const wantedKeys = new Set(wanted.map(routeKey));
  const leftovers = ours.filter((route) => !wantedKeys.has(routeKey(route)));
  const lasting = routes.filter((route) => !leftovers.includes(route));
  const presentKeys = new Set(ours.map(routeKey));
  const missing = wanted.filter(
    (step) => !presentKeys.has(routeKey(step)) && !lasting.some(coversStep(step)),
  );
  return [
    ...leftovers.map((route) => ({
      kind: "route.delete" as const,
      onlink: false,
      linkScope: false,
      ...pickRoute(route),
    })),
    ...missing.map((step) => ({ kind: "route.add" as const, ...step })),
  ];
}

/** The kernel would answer "File exists": one route per destination, table and metric, whoever made it. */
const coversStep =
  (step: RouteStep) =>
  (route: Route): boolean =>
    route.family === step.family &&
    route.destination === step.destination &&
    route.table === step.table &&
    route.metric === DEFAULT_METRIC[route.family];

function planRules(file: InterfaceFile, state: NetworkState): Step[] {
  const wanted = uniqueBy(file.rules.map(ruleStep), ruleKey);
  const current = state.rules.filter(
    ({ protocol }) => protocol !== PROTOCOL_KERNEL && protocol !== PROTOCOL_KEEPALIVED,
  );
  const wantedKeys = new Set(wanted.map(ruleKey));
  const currentKeys = new Set(current.map(ruleKey));
  // Rules of other priorities are not ours to delete.
  const leftovers = current.filter(
    (rule) => rule.priority === RULE_PRIORITY && !wantedKeys.has(ruleKey(rule)),
  );
  return [
    ...wanted
      .filter((rule) => !currentKeys.has(ruleKey(rule)))
      .map((rule) => ({ kind: "rule.add" as const, ...rule })),
    ...leftovers.map(({ family, source, prefix, table }) => ({
      kind: "rule.delete" as const,
      family,
      source,
      prefix,
      table,
    })),
  ];
}

/** Files of older agents name no type; only VIP files ever had rules. */
function ownsRules(file: InterfaceFile): boolean {
  return file.if_type === "vip" || (file.if_type === undefined && file.rules.length > 0);
}

export function isStatic(entry: InterfaceFile["addresses"][number]): entry is StaticAddress {
  return "address" in entry;
}

/** @throws AgentError `invalidInput` */
export function addressStep(file: InterfaceFile, entry: StaticAddress): AddressStep {
  const { family, canonical } = requireInFile(file, entry.address);
  if (entry.prefixlen > widthOf(family)) throw unusable(file, `${entry.address}/${entry.prefixlen}`);
  return { device: file.name, family, address: canonical, prefix: entry.prefixlen };
}

/** @returns undefined when the route does not parse */
export function routeStep(file: InterfaceFile, entry: RouteEntry): RouteStep | undefined {
  const family = entry.dst.includes(":") ? 6 : 4;
  const destination = normaliseDestination(entry.dst, family);
  const gateway = entry.gateway === undefined ? undefined : parseAddress(entry.gateway);
  const source = entry.prefsrc === undefined ? undefined : parseAddress(entry.prefsrc);
  const complete = (entry.gateway === undefined || gateway) && (entry.prefsrc === undefined || source);
  if (destination === undefined || !complete) return undefined;
  if ((gateway && gateway.family !== family) || (source && source.family !== family)) return undefined;
  return {
    device: file.name,
    family,
    destination,
    gateway: gateway?.canonical,
    source: source?.canonical,
    table: String(entry.table ?? MAIN_TABLE),
    onlink: entry.flags?.includes("onlink") ?? false,
    linkScope: entry.scope === "link",
  };
}

/** @throws AgentError `invalidInput` */
export function ruleStep(rule: InterfaceFile["rules"][number]): RuleStep {
  const source = parseAddress(rule.src);
  if (!source || rule.src_len > widthOf(source.family)) {
    throw new AgentError("invalidInput", `unusable rule source ${rule.src}/${rule.src_len}`);
  }
  const { family, canonical } = source;
  return { family, source: canonical, prefix: rule.src_len, table: String(rule.table) };
}

/** Addresses that the kernel makes by itself and that others need: link-local ones and the loopback's. */
function keepsForKernel(item: LinkAddress): boolean {
  return item.family === 6 && (item.linkScope || (item.device === "lo" && item.address === "::1"));
}

/** For IPv6 the kernel knows an address by itself, whatever its prefix length. */
function blocks(item: LinkAddress, step: AddressStep): boolean {
  return item.family === 6 && item.address === step.address;
}

const isSame =
  (step: AddressStep) =>
  (item: LinkAddress): boolean =>
    item.address === step.address && item.prefix === step.prefix;

function deletion({ device, family, address, prefix }: LinkAddress): Step {
  return { kind: "address.delete", device, family, address, prefix };
}

function pickRoute({
  device,
  family,
  destination,
  gateway,
  source,
  table,
}: Route): Omit<RouteStep, "onlink" | "linkScope"> {
  return { device, family, destination, gateway, source, table };
}

function requireInFile(file: InterfaceFile, text: string): Address {
  const address = parseAddress(text);
  if (!address) throw unusable(file, text);
  return address;
}

function unusable(file: InterfaceFile, text: string): AgentError {
  return new AgentError("invalidInput", `unusable address ${text} in the file of ${file.name}`);
}

function addressKey({ address, prefix }: AddressStep): string {
  return `${address}/${prefix}`;
}

function ruleKey({ table, source, prefix }: RuleStep): string {
  return `${table} ${source}/${prefix}`;
}

function uniqueBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map(items.toReversed().map((item) => [key(item), item])).values()].toReversed();
}
