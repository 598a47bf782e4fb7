/** One of the two amphorae: a machine, the agent in it, and what a controller does with both. */
import type { AgentProgram } from "../bed/agents.ts";
import {
  AGENT_UNIT,
  type AmphoraIdentities,
  configureAgent,
  createIdentities,
  installUnit,
} from "../bed/amphora.ts";
import { Client } from "../bed/client.ts";
import type { Lab } from "../bed/lab.ts";
import { boot, type Interface, type Machine } from "../bed/machine.ts";
import { until } from "../integration/systemd-lab.ts";
import { type AmphoraRecord, haproxyConfig, LOAD_BALANCER, type Site, vrrpConfig } from "./documents.ts";
import { Possession } from "./possession.ts";

export const VRRP_UNIT = "octavia-keepalived.service";
export const HAPROXY_UNIT = `haproxy-${LOAD_BALANCER}.service`;

export interface AmphoraOptions {
  readonly tree: string;
  readonly record: AmphoraRecord;
  readonly controller: string;
  /** Upstream's boot unit does not find the links of a bed, whose names have an `@`; virtual machines' have none. */
  readonly isMovedByHand?: boolean;
  /** ACTIVE_STANDBY unless given. */
  readonly topology?: "SINGLE" | "ACTIVE_STANDBY";
  /** Size of a file system of its own for load balancers' files, which a reboot empties; for mount(8). */
  readonly diskSize?: string;
  /** Its machine's, unique in the lab; the role unless given. */
  readonly name?: string;
  /** The agent to install. */
  readonly program: (machine: Machine) => Promise<AgentProgram>;
}

export class Amphora {
  readonly machine: Machine;
  readonly record: AmphoraRecord;
  readonly management: Interface;
  readonly tenant: Interface;
  readonly #client: Client;
  readonly #isMovedByHand: boolean;
  #possession: Possession | undefined;

  private constructor(
    machine: Machine,
    record: AmphoraRecord,
    identities: AmphoraIdentities,
    {
      nics,
      isMovedByHand,
    }: { readonly nics: readonly [Interface, Interface]; readonly isMovedByHand: boolean },
  ) {
    this.#isMovedByHand = isMovedByHand;
    this.machine = machine;
    this.record = record;
    this.#client = new Client(record.lb_network_ip, identities);
    [this.management, this.tenant] = nics;
  }

  static async boot(lab: Lab, options: AmphoraOptions): Promise<Amphora> {
    const { tree, record, controller, program, isMovedByHand = false } = options;
    const { topology = "ACTIVE_STANDBY", name = record.role.toLowerCase(), diskSize } = options;
    const last = record.lb_network_ip.split(".").at(-1);
    const management = { bridge: "mgmt", name: `m${name}`, mac: `fa:16:3e:00:00:${last}` };
    const tenant = { bridge: "tenant", name: `t${name}`, mac: `fa:16:3e:00:01:${last}` };
    const machine = await boot(lab, { name, tree, interfaces: [management, tenant] });
    const identities = await createIdentities(record.id);
    await configureAgent(machine, {
      identities,
      controller,
      heartbeatSeconds: 10,
      topology,
    });
    if (diskSize !== undefined) {
      const directory = "/var/lib/octavia";
      await machine.exec("mkdir", ["-p", directory]);
      await machine.exec("mount", ["-t", "tmpfs", "-o", `size=${diskSize}`, "octavia", directory]);
    }
    await installUnit(machine, await (await program(machine)).install(machine));
    await machine.exec("systemctl", ["enable", "--now", AGENT_UNIT]);
    return new Amphora(machine, record, identities, { nics: [management, tenant], isMovedByHand });
  }

  /** All that a controller does for a new load balancer with a standby. */
  async serve(site: Site): Promise<void> {
    await this.serveAlone(site);
    await this.#client.expect(200, "PUT", "/1.0/vrrp/upload", await vrrpConfig(site, this.record.id));
    await this.vrrp("start");
  }

  /** The same without keepalived. */
  async serveAlone(site: Site): Promise<void> {
    await this.#connect();
    await this.#client.expect(202, "POST", `/1.0/plug/vip/${site.vip}`, {
      subnet_cidr: site.cidr,
      gateway: site.gateway,
      mac_address: this.tenant.mac,
      vrrp_ip: this.record.vrrp_ip,
      mtu: 1450,
      host_routes: [],
    });
    await this.#watch(site.vip);
    const { id } = this.record;
    const path = `/1.0/loadbalancer/${id}/${LOAD_BALANCER}/haproxy`;
    await this.#client.expect(202, "PUT", path, await haproxyConfig(site, id));
    await this.act("start");
  }

  async act(action: "start" | "stop" | "reload"): Promise<void> {
    await this.#client.expect(202, "PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/${action}`);
  }

  async vrrp(action: "start" | "stop" | "reload"): Promise<void> {
    await this.#client.expect(202, "PUT", `/1.0/vrrp/${action}`);
  }

  /** Boots it again after a `kill` or `stop` of its machine. */
  async startAgain(vip: string): Promise<void> {
    await this.machine.start();
    await this.#connect();
    if (this.#isMovedByHand) await this.#moveTenant();
    await this.#watch(vip);
  }

  /** The role that the agent tells; undefined when it has none. */
  async role(): Promise<string | undefined> {
    const details = JSON.parse(await this.#client.expect(200, "GET", "/1.0/details")) as {
      vrrp_instances?: readonly { role: string }[];
    };
    return details.vrrp_instances?.[0]?.role;
  }

  get possession(): Possession {
    if (!this.#possession) throw new Error(`${this.machine.name} is not watched yet`);
    return this.#possession;
  }

  /** Whether keepalived runs and has said that it stands by. */
  async standsBy(): Promise<boolean> {
    const state = await this.machine.try("systemctl", ["is-active", VRRP_UNIT, HAPROXY_UNIT]);
    return state.exitCode === 0 && this.possession.since === undefined;
  }

  async close(): Promise<void> {
    await this.#possession?.close();
    await this.machine.stop();
  }

  /** Gives the management interface its address, as DHCP would, and waits for the agent. */
  async #connect(): Promise<void> {
    const { name } = this.management;
    await this.machine.exec("ip", ["address", "replace", `${this.record.lb_network_ip}/24`, "dev", name]);
    await this.machine.exec("ip", ["link", "set", name, "up"]);
    await until("the agent", async () => (await this.#client.send("GET", "/1.0/info")).status === 200);
  }

  async #moveTenant(): Promise<void> {
    const inside = ["ip", "netns", "exec", "amphora-haproxy"];
    const commands = [
      ["ip", "link", "set", this.tenant.name, "netns", "amphora-haproxy", "name", "eth1"],
      [...inside, "amphora-interface", "up", "eth1"],
      ["systemctl", "restart", HAPROXY_UNIT, VRRP_UNIT],
    ];
    for (const [file = "", ...args] of commands) await this.machine.exec(file, args);
  }

  async #watch(vip: string): Promise<void> {
    this.#possession ??= new Possession(this.machine, vip);
    await this.#possession.watch();
  }
}
