/**
 * The plug requests (docs/contract/network.md, section 3). Everything that they do to the host goes through
 * `PlugHost`, so that the same code runs against a recorder.
 */
import type { Topology } from "../config/types.ts";
import { AgentError, NoSuitableInterfaceError } from "../errors.ts";
import { parseVips } from "./parse-interface.ts";
import { withPlugged } from "./parse-plugged.ts";
import { type PortRequest, parsePortRequest, parseVipRequest, type VipRequest } from "./parse-request.ts";
import { renderPortFile, renderVipFile } from "./render-interface.ts";
import type { InterfaceFile, Link, VipPort } from "./types.ts";

/** What plugging needs of the host. */
export interface PlugHost {
  topology(): Topology;
  /** Links outside the namespace. */
  hostLinks(): Promise<Link[]>;
  /** Links inside the namespace; none when it does not exist. */
  namespaceLinks(): Promise<Link[]>;
  /** Moves a link into the namespace, created if need be, under a new name. */
  moveLink(from: string, name: string): Promise<void>;
  readInterfaceFile(name: string): Promise<InterfaceFile | undefined>;
  writeInterfaceFile(file: InterfaceFile): Promise<void>;
  /** The list of plugged ports, if there is one. */
  readPlugged(): Promise<string | undefined>;
  writePlugged(text: string): Promise<void>;
  /** @throws AgentError whose message is the output of `amphora-interface` */
  bringUp(name: string): Promise<void>;
  /** Whether `bringUp` would change something, or is not known to have worked. */
  needsBringUp(name: string): Promise<boolean>;
  /** Makes the kernel look for hot-plugged devices. */
  rescanPci(): Promise<void>;
  /** Starts to announce addresses, without waiting. */
  announce(addresses: readonly string[]): void;
}

const VIP_INTERFACE = "eth1";
const FIRST_MEMBER_NUMBER = 2;

/** R16. @returns `details` of the answer. @throws AgentError with the contract's body */
export async function plugVip(host: PlugHost, vip: string, body: unknown): Promise<string> {
  const request = parseVipRequest(vip, body);
  const inside = await host.namespaceLinks();
  const plugged = findByMac(inside, request.mac);
  if (plugged) {
    await repairVip(host, plugged, request);
    throw new AgentError("conflict", "Interface already exists");
  }
  const link = await requireHostLink(host, request.mac);
  const holder = inside.find(({ name }) => name === VIP_INTERFACE);
  if (holder) {
    const details = `${VIP_INTERFACE} in the namespace is another port, ${holder.mac}`;
    throw new AgentError("commandFailed", "Error plugging VIP", { details });
  }
  await plugLink(host, link, vipFile(host, request), "Error plugging VIP");
  const addresses = request.vips.map(({ address }) => address.exploded);
  return `VIPs plugged on interface ${VIP_INTERFACE}: ${addresses.join(", ")}`;
}

/**
 * R17. @returns `details` of the answer. @throws AgentError with the contract's body
 * @param known - what happens to a port that is in the namespace already; API 0.5 refuses it
 */
export async function plugNetwork(
  host: PlugHost,
  body: unknown,
  known: "update" | "refuse" = "update",
): Promise<string> {
  const request = parsePortRequest(body);
  const inside = await host.namespaceLinks();
  const plugged = findByMac(inside, request.mac);
  if (plugged && known === "refuse") {
    // The same promise as for a VIP: what is said to exist works.
    if (await host.needsBringUp(plugged.name)) {
      await withTitle("Error plugging network", () => host.bringUp(plugged.name));
    }
    throw new AgentError("conflict", "Interface already exists");
  }
  const details = plugged
    ? await updatePort(host, plugged.name, request)
    : await plugPort(host, nextFreeName(inside), request);
  host.announce(request.fixedIps.map(({ text }) => text));
  return details;
}

/**
 * A controller takes "already exists" for done, so it has to be done before it is said
 * (docs/contract/rest-api.md, section 7, row 24).
 */
async function repairVip(host: PlugHost, { name }: Link, request: VipRequest): Promise<void> {
  if (!(await host.needsBringUp(name))) return;
  if (name === VIP_INTERFACE && !(await host.readInterfaceFile(name))) {
    await host.writeInterfaceFile(vipFile(host, request));
  }
  await withTitle("Error plugging VIP", () => host.bringUp(name));
}

function vipFile(host: PlugHost, request: VipRequest): InterfaceFile {
  return renderVipFile(request, host.topology(), { name: VIP_INTERFACE, fixedIps: [], ...request });
}

async function updatePort(host: PlugHost, name: string, request: PortRequest): Promise<string> {
  const port = request.vipPort?.();
  const file = port
    ? renderVipFile(await withKnownVips(host, name, port), host.topology(), { name, ...request })
    : renderPortFile({ name, ...request });
  await host.writeInterfaceFile(file);
  await withTitle(port ? "Error plugging vip" : "Error plugging network", () => host.bringUp(name));
  return `Updated existing interface ${name}`;
}

/** Controllers leave additional VIPs out here; those that the interface has must not go (docs/contract/field-notes.md). */
async function withKnownVips(host: PlugHost, name: string, port: VipPort): Promise<VipPort> {
  if (port.vips.length > 1) return port;
  const file = await host.readInterfaceFile(name);
  const known = (file ? parseVips(file) : []).slice(1);
  const given = port.vips.map(({ address }) => address.canonical);
  const kept = known.filter(({ address }) => !given.includes(address.canonical));
  return { ...port, vips: [...port.vips, ...kept] };
}

async function plugPort(host: PlugHost, name: string, request: PortRequest): Promise<string> {
  const link = await requireHostLink(host, request.mac);
  await plugLink(host, link, renderPortFile({ name, ...request }), "Error plugging network");
  return `Plugged on interface ${name}`;
}

/** In this order, so that a crash at any point leaves what the next attempt, or the next boot, can finish. */
async function plugLink(host: PlugHost, link: Link, file: InterfaceFile, title: string): Promise<void> {
  await host.writeInterfaceFile(file);
  const list = withPlugged((await host.readPlugged()) ?? "", { mac: link.mac, name: file.name });
  if (list !== undefined) await host.writePlugged(list);
  await withTitle(title, async () => {
    await host.moveLink(link.name, file.name);
    await host.bringUp(file.name);
  });
}

async function requireHostLink(host: PlugHost, mac: string): Promise<Link> {
  const link = findByMac(await host.hostLinks(), mac);
  if (link) return link;
  await host.rescanPci();
  throw new NoSuitableInterfaceError(mac);
}

function findByMac(links: readonly Link[], mac: string): Link | undefined {
  return links.find((link) => link.mac === mac);
}

function nextFreeName(links: readonly Link[]): string {
  const taken = new Set(links.map(({ name }) => name));
  let number = FIRST_MEMBER_NUMBER;
  while (taken.has(`eth${number}`)) number++;
  return `eth${number}`;
}

/** The contract's message, with what failed as its details. */
async function withTitle<T>(title: string, job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    throw new AgentError("commandFailed", title, { details: error.message, cause: error });
  }
}
