/** The cloud that a controller runs on: boots amphorae with an agent in them, and plugs ports into them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentProgram } from "../bed/agents.ts";
import { AGENT_UNIT, installUnit } from "../bed/amphora.ts";
import type { Lab } from "../bed/lab.ts";
import { boot, type Interface, type Machine } from "../bed/machine.ts";

/** First amphora's address on the management network; the next ones follow. */
const FIRST_HOST = 11;

/** /proc/meminfo of a small flavor. */
const MEMORY = Object.entries({
  MemTotal: 1_000_000,
  MemFree: 100_000,
  MemAvailable: 600_000,
  Buffers: 20_000,
  Cached: 180_000,
  SwapCached: 0,
  Shmem: 5_000,
  Slab: 50_000,
})
  .map(([name, kilobytes]) => `${`${name}:`.padEnd(16)}${String(kilobytes).padStart(8)} kB\n`)
  .join("");

export interface Image {
  readonly tree: string;
  readonly layers: readonly string[];
  readonly agent: AgentProgram;
}

export class Hypervisor {
  readonly #lab: Lab;
  readonly #image: Image;
  /** Unique in the lab. */
  readonly #name: string;
  readonly #machines = new Map<string, Machine>();
  readonly #late: Promise<void>[] = [];
  #ports = 0;

  constructor(lab: Lab, image: Image, name: string) {
    this.#lab = lab;
    this.#image = image;
    this.#name = name;
  }

  /** @returns the amphora's address on the management network */
  async boot(amphora: string, files: Readonly<Record<string, string>>): Promise<string> {
    const number = this.#machines.size;
    const name = `${this.#name}${number}`;
    const { tree, layers, agent } = this.#image;
    const management = { bridge: "mgmt", name: `${name}m`, mac: mac(0, number) };
    const machine = await boot(this.#lab, { name, tree, layers, interfaces: [management] });
    this.#machines.set(amphora, machine);
    const address = `192.0.2.${FIRST_HOST + number}`;
    await machine.exec("ip", ["address", "add", `${address}/24`, "dev", management.name]);
    await machine.exec("ip", ["link", "set", management.name, "up"]);
    // Controllers size HAProxy's TLS cache by the memory that is free, and here that is the whole host's.
    await machine.write("/etc/meminfo", MEMORY);
    await machine.exec("mount", ["--bind", "/etc/meminfo", "/proc/meminfo"]);
    // A container's own is read-only; the file is what agents ask the kernel for new devices with.
    await machine.exec("mount", ["-t", "tmpfs", "pci", "/sys/bus/pci"]);
    await machine.exec("touch", ["/sys/bus/pci/rescan"]);
    await installUnit(machine, await agent.install(machine));
    for (const [path, content] of Object.entries(files)) await machine.write(path, content, 0o600);
    await machine.exec("systemctl", ["enable", "--now", "--no-block", AGENT_UNIT]);
    return address;
  }

  /** @param delayMs - the port comes that much later, as it does when compute is slow */
  async plug(amphora: string, bridge: string, address: string, delayMs = 0): Promise<void> {
    this.#ports += 1;
    const nic = { bridge, name: `${this.#name}p${this.#ports}`, mac: address };
    const plugged = this.#plug(this.#machine(amphora), nic, delayMs);
    if (delayMs === 0) await plugged;
    else this.#late.push(plugged);
  }

  async #plug(machine: Machine, nic: Interface, delayMs: number): Promise<void> {
    await sleep(delayMs);
    await machine.plug(nic);
  }

  async run(amphora: string, command: readonly string[]): Promise<string> {
    const [file, ...args] = command;
    if (file === undefined) throw new Error("no command");
    return this.#machine(amphora).exec(file, args);
  }

  async powerOff(amphora: string): Promise<void> {
    await this.#machine(amphora).stop();
  }

  /** What each agent has logged lately. */
  async journal(): Promise<string> {
    const texts: string[] = [];
    for (const machine of this.#machines.values()) {
      const { stdout } = await machine.try("journalctl", ["--no-pager", "--lines=60"]);
      texts.push(`${machine.name}\n${stdout}`);
    }
    return texts.join("\n\n");
  }

  async close(): Promise<void> {
    await Promise.all(this.#late);
    for (const machine of this.#machines.values()) await machine.stop();
  }

  #machine(amphora: string): Machine {
    const machine = this.#machines.get(amphora);
    if (!machine) throw new Error(`no amphora ${amphora}`);
    return machine;
  }
}

function mac(kind: number, number: number): string {
  return `fa:16:3e:ff:0${kind}:${(number + 1).toString(16).padStart(2, "0")}`;
}
