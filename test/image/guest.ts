/** The image in QEMU, without hardware virtualisation and without a network but loopback. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { host } from "../bed/host.ts";
import { Qmp } from "./qmp.ts";

/** The management interface's, and what user networking's DHCP gives it. */
export const MANAGEMENT_MAC = "fa:16:3e:00:00:01";
const MANAGEMENT_ADDRESS = "10.0.0.15";
/** Under which a guest reaches this machine's loopback, in its first network. */
export const CONTROLLER_ADDRESS = "10.0.0.2";
/** Slots for cards that are plugged while it runs. */
const SLOTS = 4;

export interface GuestOptions {
  readonly image: string;
  readonly drive: string;
  readonly machine: "q35" | "pc";
  /** Where the config drive is: on IDE (pc) or SATA (q35) as a CD, on SCSI as a CD, or a virtio disk. */
  readonly bus: "cd" | "scsi" | "virtio";
  readonly memoryMb: number;
}

/** `tcp:HOST_PORT:GUEST_ADDRESS:PORT`, of a card. */
export interface Forward {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  readonly to: string;
}

export class Guest {
  readonly apiPort: number;
  readonly sshPort: number;
  readonly #directory: string;
  readonly #process: ChildProcess;
  readonly #qmp: Qmp;
  readonly #exited: Promise<unknown>;
  readonly #machine: GuestOptions["machine"];
  #cards = 0;

  private constructor(parts: {
    directory: string;
    process: ChildProcess;
    qmp: Qmp;
    ports: readonly [number, number];
    machine: GuestOptions["machine"];
    exited: Promise<unknown>;
  }) {
    this.#directory = parts.directory;
    this.#process = parts.process;
    this.#qmp = parts.qmp;
    [this.apiPort, this.sshPort] = parts.ports;
    this.#machine = parts.machine;
    this.#exited = parts.exited;
  }

  /** Powers it on, with a disk that starts as the image. */
  static async powerOn(options: GuestOptions): Promise<Guest> {
    await using made = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "amphora-guest-"));
    made.defer(() => rm(directory, { recursive: true }));
    const disk = join(directory, "disk.qcow2");
    await host("qemu-img", ["create", "-q", "-f", "qcow2", "-b", options.image, "-F", "qcow2", disk, "3G"]);
    const ports = [await freePort(), await freePort()] as const;
    const socket = join(directory, "qmp");
    const child = spawn(
      "setpriv",
      ["--pdeathsig", "KILL", "--", "qemu-system-x86_64", ...words(options, disk, socket, ports)],
      {
        cwd: directory,
        stdio: ["ignore", "inherit", "inherit"],
      },
    );
    const exited = once(child, "exit");
    made.defer(() => void child.kill("SIGKILL"));
    for (let tries = 0; ; tries += 1) {
      try {
        const qmp = await Qmp.connect(socket);
        made.move();
        return new Guest({ directory, process: child, qmp, ports, machine: options.machine, exited });
      } catch (error) {
        if (tries > 200 || child.exitCode !== null) throw error;
        await sleep(50);
      }
    }
  }

  /** User and system time of the whole machine since power-on, in seconds. */
  async cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.#process.pid}/stat`, "utf8");
    const [user, system] = stat.slice(stat.lastIndexOf(")")).split(" ").slice(12, 14).map(Number);
    return ((user ?? 0) + (system ?? 0)) / 100;
  }

  /** What it has written to its serial console. */
  console(): Promise<string> {
    return readFile(join(this.#directory, "console"), "utf8");
  }

  /** Plugs a network card while it runs. @param network - `10.1.0.0/24`; this machine is the second address in it */
  async plug(mac: string, network: string, forwards: readonly Forward[]): Promise<void> {
    const hostfwd = forwards.map(({ protocol, port, to }) => ({
      str: `${protocol}:127.0.0.1:${port}-${to}`,
    }));
    await this.#plug(mac, { type: "user", net: network, hostfwd });
  }

  /** Plugs a network card that is joined to a tap device of this network namespace. */
  async plugTap(mac: string, tap: string): Promise<void> {
    await this.#plug(mac, { type: "tap", ifname: tap, script: "no", downscript: "no" });
  }

  async #plug(mac: string, network: object): Promise<void> {
    const id = this.#cards++;
    await this.#qmp.execute("netdev_add", { ...network, id: `net${id}` });
    await this.#qmp.execute("device_add", {
      driver: "virtio-net-pci",
      netdev: `net${id}`,
      id: `card${id}`,
      mac,
      ...(this.#machine === "q35" && { bus: `slot${id}` }),
    });
  }

  /** The reset button. */
  reset(): Promise<void> {
    return this.#qmp.execute("system_reset");
  }

  /** Settles when it resets itself, at the end of its reboot. @throws Error when it has not in that time */
  untilReset(limitMs: number): Promise<void> {
    return this.#qmp.event("RESET", AbortSignal.timeout(limitMs));
  }

  /** The power button, as Nova presses it. @returns whether it has powered off in that time */
  async powerOff(limitMs: number): Promise<boolean> {
    await this.#qmp.execute("system_powerdown");
    return Promise.race([this.#exited.then(() => true), sleep(limitMs, false, { ref: false })]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#qmp.close();
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill("SIGKILL");
    await this.#exited;
    await rm(this.#directory, { recursive: true });
  }
}

function words(
  { machine, bus, memoryMb, drive }: GuestOptions,
  disk: string,
  socket: string,
  [api, ssh]: readonly [number, number],
): string[] {
  const forwards = [
    `tcp:127.0.0.1:${api}-${MANAGEMENT_ADDRESS}:9443`,
    `tcp:127.0.0.1:${ssh}-${MANAGEMENT_ADDRESS}:22`,
  ];
  const management = `user,id=mgmt,net=10.0.0.0/24,dhcpstart=${MANAGEMENT_ADDRESS}`;
  return [
    ...["-M", machine, "-accel", "tcg,thread=multi", "-cpu", "qemu64", "-smp", "1", "-m", String(memoryMb)],
    ...["-display", "none", "-serial", "file:console", "-qmp", `unix:${socket},server=on,wait=off`],
    ...["-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng"],
    ...["-drive", `file=${disk},if=virtio,format=qcow2`],
    ...configDrive(bus, drive),
    ...["-netdev", [management, ...forwards.map((forward) => `hostfwd=${forward}`)].join(",")],
    ...["-device", `virtio-net-pci,netdev=mgmt,mac=${MANAGEMENT_MAC},romfile=`],
    ...(machine === "q35" ? Array.from({ length: SLOTS }, (_, slot) => rootPort(slot)).flat() : []),
  ];
}

function configDrive(bus: GuestOptions["bus"], drive: string): string[] {
  if (bus === "virtio") return ["-drive", `file=${drive},if=virtio,format=raw,read-only=on`];
  const cd = ["-drive", `file=${drive},if=none,id=drive,format=raw,media=cdrom`];
  if (bus === "cd") return [...cd, "-device", "ide-cd,drive=drive"];
  return [...cd, "-device", "virtio-scsi-pci", "-device", "scsi-cd,drive=drive"];
}

/** Only behind such a port can a card be plugged into q35 while it runs. */
function rootPort(slot: number): string[] {
  return ["-device", `pcie-root-port,id=slot${slot},bus=pcie.0,chassis=${slot + 1},slot=${slot + 1}`];
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
