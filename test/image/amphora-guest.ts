/** An amphora of the image: what a controller gives it at its start, and how it talks to it. */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { checkServerIdentity, connect } from "node:tls";
import { promisify } from "node:util";
import { type AmphoraIdentities, configuration, createIdentities } from "../bed/amphora.ts";
import { Client } from "../bed/client.ts";
import { host } from "../bed/host.ts";
import { HealthManager } from "../integration/heartbeat-host.ts";
import { type DriveSpec, makeDrive } from "./config-drive.ts";
import { CONTROLLER_ADDRESS, Guest, type GuestOptions, MANAGEMENT_MAC } from "./guest.ts";

const run = promisify(execFile);
/** Without hardware virtualisation, on a busy machine. */
const BOOT_MS = 600_000;
const POLL_MS = 100;
const ASK_MS = 300;
const ATTEMPTS_AT_ONCE = 7;

export interface Shape extends Pick<GuestOptions, "machine" | "bus" | "memoryMb"> {
  readonly handover: DriveSpec["handover"];
  readonly format: DriveSpec["format"];
  /** 1 unless given. */
  readonly heartbeatSeconds?: number;
}

export class AmphoraGuest {
  readonly guest: Guest;
  readonly client: Client;
  readonly identities: AmphoraIdentities;
  readonly heartbeats: HealthManager;
  readonly #directory: string;

  private constructor(parts: {
    guest: Guest;
    client: Client;
    identities: AmphoraIdentities;
    heartbeats: HealthManager;
    directory: string;
  }) {
    this.guest = parts.guest;
    this.client = parts.client;
    this.identities = parts.identities;
    this.heartbeats = parts.heartbeats;
    this.#directory = parts.directory;
  }

  /** Powers an instance on; nothing waits for it. */
  static async powerOn(image: string, shape: Shape): Promise<AmphoraGuest> {
    // What has been made when a later step fails must not keep a test's process from ending.
    await using made = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "amphora-instance-"));
    made.defer(() => rm(directory, { recursive: true }));
    const identities = await createIdentities(randomUUID());
    const heartbeats = made.use(await HealthManager.listen("127.0.0.1", "bed"));
    const port = heartbeats.entry.split(":")[1];
    await host("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, "ssh")]);
    const drive = await makeDrive(directory, {
      ...shape,
      instanceId: identities.amphoraId,
      mac: MANAGEMENT_MAC,
      publicKey: await readFile(join(directory, "ssh.pub"), "utf8"),
      files: {
        "/etc/octavia/amphora-agent.conf": configuration({
          identities,
          controller: `${CONTROLLER_ADDRESS}:${port}`,
          heartbeatSeconds: shape.heartbeatSeconds ?? 1,
        }),
        "/etc/octavia/certs/server.pem": identities.server.toString(),
        "/etc/octavia/certs/client_ca.pem": identities.authority.toString(),
      },
    });
    const guest = await Guest.powerOn({ ...shape, image, drive });
    const client = new Client("127.0.0.1", identities, guest.apiPort);
    made.move();
    return new AmphoraGuest({ guest, client, identities, heartbeats, directory });
  }

  /** @throws Error with the end of the console when nothing answers */
  async answering(limitMs = BOOT_MS): Promise<void> {
    await soonest(
      "the agent's answer",
      (signal) => this.#answers(signal),
      () => this.guest.console(),
      limitMs,
    );
  }

  /** @throws what kept it from answering */
  async #answers(signal: AbortSignal): Promise<void> {
    const socket = connect({
      host: "127.0.0.1",
      port: this.guest.apiPort,
      key: this.identities.client,
      cert: this.identities.client,
      ca: this.identities.authority,
      checkServerIdentity: (_, certificate) => checkServerIdentity(this.identities.amphoraId, certificate),
    });
    try {
      await once(socket, "secureConnect", { signal });
      socket.write("GET / HTTP/1.1\r\nHost: amphora\r\nConnection: close\r\n\r\n");
      const [start] = (await once(socket, "data", { signal })) as [Buffer];
      const [line] = start.toString().split("\r\n");
      if (!line?.startsWith("HTTP/1.1 200")) throw new Error(`it answers ${line}`);
    } finally {
      socket.destroy();
    }
  }

  /** Runs a command in the guest, by SSH. @param onOutput - told what it prints when it comes */
  async exec(command: string, onOutput: (text: string) => void = () => undefined): Promise<string> {
    const options = [
      "StrictHostKeyChecking=no",
      "UserKnownHostsFile=/dev/null",
      "LogLevel=ERROR",
      "ConnectTimeout=120",
      // A connection that a reboot has ended is not told so.
      "ServerAliveInterval=20",
      "ServerAliveCountMax=6",
    ];
    const words = [
      ...options.flatMap((option) => ["-o", option]),
      ...["-i", join(this.#directory, "ssh"), "-p", String(this.guest.sshPort), "root@127.0.0.1", command],
    ];
    const running = run("ssh", words, { timeout: BOOT_MS });
    running.child.stdout?.on("data", onOutput);
    return (await running).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (process.env.AMPHORA_SHOW_CONSOLE) console.log(await this.guest.console());
    await this.guest[Symbol.asyncDispose]();
    await this.heartbeats[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true });
  }
}

/**
 * Waits for the first answer of a guest that boots. QEMU takes connections before the guest has an address, and forgets
 * them slowly: an attempt that has no answer soon will have none, and the next one must not wait for that. The slower
 * the machine, the longer an attempt may take, and the fewer are made.
 * @throws Error with the reason of the last attempt that failed
 */
export async function soonest(
  what: string,
  attempt: (signal: AbortSignal) => Promise<void>,
  context: () => Promise<string>,
  limitMs = BOOT_MS,
): Promise<void> {
  const ended = new AbortController();
  const answered = Promise.withResolvers<true>();
  const start = performance.now();
  let reason: unknown;
  try {
    for (;;) {
      const elapsedMs = performance.now() - start;
      if (elapsedMs > limitMs) break;
      const pauseMs = Math.max(ASK_MS, Math.ceil(elapsedMs / 100));
      attempt(AbortSignal.any([ended.signal, AbortSignal.timeout(ATTEMPTS_AT_ONCE * pauseMs)])).then(
        () => answered.resolve(true),
        (error) => {
          reason = error;
        },
      );
      if (await Promise.race([answered.promise, sleep(pauseMs)])) return;
    }
  } finally {
    ended.abort();
  }
  throw new Error(`${what} did not come within ${limitMs} ms\n${(await context()).slice(-4_000)}`, {
    cause: reason,
  });
}

/** Waits until something is so; whatever fails meanwhile is the reason that is told in the end. */
export async function eventually(
  what: string,
  isSo: () => Promise<boolean>,
  context: () => Promise<string> = async () => "",
  limitMs = BOOT_MS,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  let reason: unknown;
  while (performance.now() < deadline) {
    try {
      if (await isSo()) return;
      reason = "not so";
    } catch (error) {
      reason = error;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`${what} did not come within ${limitMs} ms\n${(await context()).slice(-4_000)}`, {
    cause: reason,
  });
}
