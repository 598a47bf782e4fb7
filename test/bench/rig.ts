/** One agent in one booted machine, and everything that a measure does to it. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentProgram } from "../bed/agents.ts";
import { AGENT_UNIT, type AmphoraIdentities, configureAgent, installUnit } from "../bed/amphora.ts";
import { Client } from "../bed/client.ts";
import type { Interface, Machine } from "../bed/machine.ts";
import { LOAD_BALANCER } from "./haproxy-config.ts";

export const CONTROLLER_ADDRESS = "192.0.2.1";
export const AGENT_ADDRESS = "192.0.2.10";
export const NAMESPACE = "amphora-haproxy";
/** Of every load balancer here. */
export const VIP = "203.0.113.5";
const HEARTBEAT_PORT = 5555;

/** For a Python program to have loaded all that it loads. */
const COMPANION_START_MS = 3_000;

export class Rig {
  readonly machine: Machine;
  readonly client: Client;
  readonly #identities: AmphoraIdentities;
  readonly #program: AgentProgram;
  readonly #heartbeats: Socket;
  #hasVip = false;

  constructor(machine: Machine, identities: AmphoraIdentities, program: AgentProgram, heartbeats: Socket) {
    this.machine = machine;
    this.client = new Client(AGENT_ADDRESS, identities);
    this.#identities = identities;
    this.#program = program;
    this.#heartbeats = heartbeats;
  }

  static async create(machine: Machine, identities: AmphoraIdentities, program: AgentProgram): Promise<Rig> {
    const heartbeats = createSocket("udp4");
    heartbeats.bind(HEARTBEAT_PORT, CONTROLLER_ADDRESS);
    await once(heartbeats, "listening");
    const rig = new Rig(machine, identities, program, heartbeats);
    await rig.#prepare();
    return rig;
  }

  get isOurs(): boolean {
    return this.#program.name === "ours";
  }

  close(): void {
    this.#heartbeats.close();
  }

  async #prepare(): Promise<void> {
    await installUnit(this.machine, await this.#program.install(this.machine));
    await this.machine.exec("ip", ["netns", "add", NAMESPACE]);
  }

  /** Starts the agent, anew if it runs. @returns milliseconds from its exec to its first answer */
  async restartAgent(options: { heartbeatSeconds?: number } = {}): Promise<number> {
    const { heartbeatSeconds = 10 } = options;
    await this.machine.exec("systemctl", ["stop", AGENT_UNIT]);
    await configureAgent(this.machine, {
      identities: this.#identities,
      controller: `${CONTROLLER_ADDRESS}:${HEARTBEAT_PORT}`,
      heartbeatSeconds,
    });
    await this.machine.exec("systemctl", ["start", "--no-block", AGENT_UNIT]);
    const answeredMs = await this.#firstAnswer();
    const property = "ExecMainStartTimestampMonotonic";
    const shown = await this.machine.exec("systemctl", [
      "show",
      "--value",
      `--property=${property}`,
      AGENT_UNIT,
    ]);
    return answeredMs - Number(shown) / 1_000;
  }

  /** @returns when it came, in milliseconds of CLOCK_MONOTONIC, which systemd stamps with too */
  async #firstAnswer(): Promise<number> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      try {
        await this.client.expect(200, "GET", "/1.0/info");
        return Number(process.hrtime.bigint()) / 1e6;
      } catch (error) {
        if (Date.now() > deadline) throw await this.#explain(error);
      }
      await sleep(3);
    }
  }

  async #explain(cause: unknown): Promise<Error> {
    const log = await this.machine.try("journalctl", ["--no-pager", "-n", "40", "-u", AGENT_UNIT]);
    return new Error(`${this.#program.name} gave no answer within 30 s\n${log.stdout}`, { cause });
  }

  /** CPU time that all processes of the agent's unit, ended ones too, have used so far, in milliseconds. */
  async agentCpuMs(): Promise<number> {
    const text = await readFile(`${this.machine.unitGroup(AGENT_UNIT)}/cpu.stat`, "utf8");
    const [, microseconds] = /^usage_usec (\d+)$/m.exec(text) ?? [];
    if (microseconds === undefined) throw new Error(`no CPU time in ${text}`);
    return Number(microseconds) / 1_000;
  }

  /** Process ids of everything that the agent consists of, as the lab sees them. */
  async agentPids(): Promise<number[]> {
    const units = [AGENT_UNIT, ...(await this.#startCompanion())];
    const texts = await Promise.all(
      units.map((unit) => readFile(`${this.machine.unitGroup(unit)}/cgroup.procs`, "utf8")),
    );
    return texts.flatMap((text) => text.trim().split("\n").map(Number));
  }

  /** Processes of the load balancer, as the lab sees them: they live in the namespace. */
  async haproxyPids(): Promise<number[]> {
    const group = this.machine.unitGroup(`haproxy-${LOAD_BALANCER}.service`);
    return (await readFile(`${group}/cgroup.procs`, "utf8")).trim().split("\n").map(Number);
  }

  /** @returns the unit of the program that runs beside the agent in an amphora, started; none where it has none */
  async #startCompanion(): Promise<string[]> {
    const { companion } = this.#program;
    if (!companion) return [];
    const { unit, command } = companion;
    const state = await this.machine.try("systemctl", ["is-active", unit]);
    if (state.stdout.trim() !== "active") {
      await this.machine.exec("systemd-run", ["--quiet", `--unit=${unit}`, ...command]);
      await sleep(COMPANION_START_MS);
    }
    return [unit];
  }

  /** Resolves when the next `count` heartbeats have arrived. */
  async heartbeats(count: number): Promise<void> {
    const signal = AbortSignal.timeout(30_000 + count * 2_000);
    for (let seen = 0; seen < count; seen += 1) await once(this.#heartbeats, "message", { signal });
  }

  /** Plugs the interface with the address that load balancers bind to, once in the machine's life. */
  async ensureVip(): Promise<void> {
    if (this.#hasVip) return;
    const nic = { bridge: "tenant", name: "tenant0", mac: "fa:16:3e:02:00:01" };
    await this.machine.plug(nic);
    await this.plugVip(nic, {
      address: VIP,
      cidr: "203.0.113.0/24",
      gateway: "203.0.113.1",
      vrrp: "203.0.113.10",
    });
    this.#hasVip = true;
  }

  async plugVip(
    nic: Interface,
    vip: { address: string; cidr: string; gateway: string; vrrp: string },
  ): Promise<void> {
    await this.client.expect(202, "POST", `/1.0/plug/vip/${vip.address}`, {
      subnet_cidr: vip.cidr,
      gateway: vip.gateway,
      mac_address: nic.mac,
      vrrp_ip: vip.vrrp,
      mtu: 1450,
      host_routes: [],
    });
  }

  async upload(config: string): Promise<void> {
    await this.client.expect(
      202,
      "PUT",
      `/1.0/loadbalancer/${this.#identities.amphoraId}/${LOAD_BALANCER}/haproxy`,
      config,
    );
  }

  async act(action: "start" | "stop" | "reload"): Promise<void> {
    await this.client.expect(202, "PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/${action}`);
  }

  async deleteLoadBalancer(): Promise<void> {
    await this.client.expect(200, "DELETE", `/1.0/listeners/${LOAD_BALANCER}`);
  }
}
