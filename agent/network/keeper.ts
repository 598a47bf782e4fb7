/** Keeps the namespace, its links and what is on them as the interface files say (docs/contract/network.md, section 4). */
import { NAMESPACE, NAMESPACE_HANDLE } from "../config/paths.ts";
import { AgentError } from "../errors.ts";
import { Finds } from "../healing/finds.ts";
import type { Depth, Held, Look } from "../healing/types.ts";
import { type FollowedProgram, followProgram } from "../system/followed-program.ts";
import { isElsewhere, isNamespace } from "../system/namespace-file.ts";
import { removeFile } from "../system/removal.ts";
import type { Try } from "../system/run.ts";
import { applySteps } from "./apply-steps.ts";
import { type Bringer, bringLinkUp, closeVipPort, runScript } from "./bring-up.ts";
import { encodeStep } from "./encode-batch.ts";
import type { InterfaceFiles } from "./interface-files.ts";
import { KeptSettings } from "./kept-settings.ts";
import { parseMonitorLine } from "./parse-monitor.ts";
import { type PluggedPort, parsePlugged } from "./parse-plugged.ts";
import { hasFirewall, planScripts } from "./plan-masquerade.ts";
import { announcedAddresses, planMissingRoutes, planMtu, planRepair } from "./plan-repair.ts";
import { readState } from "./read-state.ts";
import { moveLinks } from "./restore.ts";
import type { InterfaceFile, NetworkKeeper, NetworkState } from "./types.ts";

export interface NetworkKeeperOptions {
  readonly run: Try;
  readonly bringer: Bringer;
  readonly files: InterfaceFiles;
  readonly readPlugged: () => Promise<string | undefined>;
  /** Creates the namespace and all that is in it. */
  readonly restore: () => Promise<void>;
  /** Starts to announce addresses, without waiting. */
  readonly announce: (addresses: readonly string[]) => void;
  /** Runs with no other change of the network beside it. */
  readonly alone: <T>(job: () => Promise<T>) => Promise<T>;
  /** Programs that should live in the namespace. */
  readonly residents: () => Promise<readonly number[]>;
}

const NO_SUCH_PROGRAM = 127;
/** A new switch port may not forward at once. */
const ANNOUNCE_AGAIN_MS = 3_000;
const SHORT_LIFE_MS = 5_000;

export function createNetworkKeeper(options: NetworkKeeperOptions): NetworkKeeper {
  return new Keeper(options);
}

class Keeper implements NetworkKeeper {
  readonly name = "network";
  readonly #options: NetworkKeeperOptions;
  readonly #settings: KeptSettings;
  readonly #carriers = new Map<string, boolean>();
  /** Names of the links that were there when it was last looked at them; undefined when a port had none. */
  #present: ReadonlySet<string> | undefined;
  #monitor: FollowedProgram | undefined;
  #heard: ((change: string, isSetting: boolean) => void) | undefined;
  #again: NodeJS.Timeout | undefined;
  /** The loopback is brought up with the first service only. */
  #hasLoopback = false;

  constructor(options: NetworkKeeperOptions) {
    this.#options = options;
    this.#settings = new KeptSettings(options.bringer.netns);
  }

  hold(look: Look): Promise<Held> {
    return this.#options.alone(async () => {
      const ports = parsePlugged((await this.#options.readPlugged()) ?? "");
      const finds = new Finds(look.isDue);
      if (ports.length === 0) return finds.held();
      await this.#holdNamespace(finds);
      if (look.depth !== "changed") await this.#settings.hold(finds);
      // As long as changes are heard of, links and what is on them are as they were.
      const present = this.#monitor && !finds.hasRepaired ? this.#present : undefined;
      const files = await this.#options.files.readAll();
      if (look.depth === "unheard" && present) await this.#holdFirewalls(files, present, finds);
      else await this.#holdLinks(ports, files, look.depth, finds);
      this.#listen();
      return finds.held();
    });
  }

  watch(heard: (change: string, isSetting: boolean) => void): void {
    this.#heard = heard;
    this.#listen();
  }

  #listen(): void {
    const heard = this.#heard;
    if (!heard || this.#monitor) return;
    const startedAt = performance.now();
    const objects = ["link", "address", "route", "rule", "netconf"];
    this.#monitor = followProgram(
      "ip",
      ["-n", NAMESPACE, "-o", "monitor", "label", ...objects],
      (line) => {
        const event = parseMonitorLine(line);
        if (!event) return;
        if (event.carrier) this.#noteCarrier(event.carrier);
        heard(event.text, event.isSetting);
      },
      (reason) => {
        this.#monitor = undefined;
        // One that cannot even start waits for the next look.
        if (performance.now() - startedAt > SHORT_LIFE_MS) heard("not heard of changes", false);
        this.#options.bringer.logger.debug(
          { event: "network.monitor.ended", reason },
          "not hearing of changes",
        );
      },
    );
  }

  close(): void {
    clearTimeout(this.#again);
    this.#heard = undefined;
    this.#monitor?.close();
    this.#monitor = undefined;
  }

  /** A file that is no namespace any more: HAProxy goes on in it, but nothing new gets in. */
  async #holdNamespace(finds: Finds): Promise<void> {
    if (await isNamespace(NAMESPACE_HANDLE)) return;
    await finds.repair(`namespace ${NAMESPACE}`, async () => {
      const pid = await this.#resident();
      await removeFile(NAMESPACE_HANDLE);
      if (pid === undefined) return this.#options.restore();
      const { exitCode, output } = await this.#options.run("ip", ["netns", "attach", NAMESPACE, String(pid)]);
      if (exitCode !== 0) throw new AgentError("commandFailed", output.trim());
    });
  }

  async #resident(): Promise<number | undefined> {
    const own = this.#monitor?.pid;
    for (const pid of [...(own === undefined ? [] : [own]), ...(await this.#options.residents())]) {
      if (await isElsewhere(pid)) return pid;
    }
    return undefined;
  }

  async #holdLinks(
    ports: readonly PluggedPort[],
    files: readonly InterfaceFile[],
    depth: Depth,
    finds: Finds,
  ): Promise<void> {
    const { bringer } = this.#options;
    const placed = await this.#place(ports, depth, finds);
    if (!placed) return;
    const present = new Set(placed.links.map(({ name }) => name));
    this.#present = ports.every(({ name }) => present.has(name)) ? present : undefined;
    if (depth !== "changed") await this.#holdFirewalls(files, present, finds);
    for (const file of files) {
      const link = placed.links.find(({ name }) => name === file.name);
      if (!link || (file.name === "lo" && !this.#knowsLoopback(link.up))) continue;
      await this.#holdInterface(file, placed, finds);
    }
    bringer.logger.debug({ event: "network.look.done", depth }, "held against the interface files");
  }

  #knowsLoopback(isUp: boolean): boolean {
    this.#hasLoopback ||= isUp;
    return this.#hasLoopback;
  }

  /** Links under their names, in the namespace. @returns undefined when there is no namespace */
  async #place(ports: readonly PluggedPort[], depth: Depth, finds: Finds): Promise<NetworkState | undefined> {
    const { run, bringer, readPlugged } = this.#options;
    const { netns, logger } = bringer;
    let state = await readState(netns);
    if (!state) return undefined;
    const absent: PluggedPort[] = [];
    for (const port of ports) {
      if (state.links.some(({ name }) => name === port.name)) continue;
      const link = state.links.find(({ mac }) => mac === port.mac);
      if (!link) absent.push(port);
      else await finds.repair(`link ${port.name}`, () => this.#rename(link.name, port.name, link.up));
    }
    // A port that was unplugged stays in the list; one that fell out of the namespace is on the host.
    if (absent.length > 0 && depth !== "changed") await moveLinks({ run, readPlugged, logger });
    if (finds.hasRepaired || absent.length > 0) state = await readState(netns);
    return state;
  }

  /** Kernels before 6.2 rename only links that are down. */
  async #rename(from: string, to: string, isUp: boolean): Promise<void> {
    const { netns } = this.#options.bringer;
    const rename = ["link", "set", "dev", from, "name", to];
    let outcome = await netns.ip(rename);
    if (outcome.exitCode !== 0 && isUp) {
      await netns.ip(["link", "set", "dev", from, "down"]);
      outcome = await netns.ip(rename);
    }
    if (outcome.exitCode !== 0) throw new AgentError("commandFailed", outcome.output.trim());
  }

  async #holdInterface(file: InterfaceFile, state: NetworkState, finds: Finds): Promise<void> {
    const { bringer, announce } = this.#options;
    const wanted = planRepair(file, state).map(encodeStep);
    if (!finds.isAnyDue(wanted)) {
      finds.leave(wanted);
      return;
    }
    const failure = await finds.attempt(() => this.#repairInterface(file));
    const after = await readState(bringer.netns);
    const remaining = new Set(after ? planRepair(file, after).map(encodeStep) : wanted);
    finds.settle(wanted, remaining);
    if (failure) {
      bringer.logger.warn(
        { event: "network.repair.failed", interface: file.name, said: failure },
        "an interface could not be repaired",
      );
    }
    announce(announcedAddresses(file));
  }

  async #repairInterface(file: InterfaceFile): Promise<void> {
    const { bringer } = this.#options;
    const { state } = await bringLinkUp(bringer, file);
    await applySteps(bringer, [...planMtu(file, state), ...planMissingRoutes(file, state)]);
  }

  async #holdFirewalls(
    files: readonly InterfaceFile[],
    present: ReadonlySet<string>,
    finds: Finds,
  ): Promise<void> {
    const ruleset = await this.#readRuleset();
    if (ruleset === undefined) return;
    for (const file of files) {
      if (present.has(file.name)) await this.#holdFirewall(file, ruleset, finds);
    }
  }

  async #holdFirewall(file: InterfaceFile, ruleset: string, finds: Finds): Promise<void> {
    const { bringer } = this.#options;
    if (file.is_sriov && !hasFirewall(ruleset)) {
      await finds.repair(`firewall ${file.name}`, () => closeVipPort(bringer));
    }
    for (const script of planScripts(file, ruleset)) {
      await finds.repair(`script ${script.command}`, () => runScript(bringer, script));
    }
  }

  /** @returns undefined where there is no nft: iptables is not looked at */
  async #readRuleset(): Promise<string | undefined> {
    const { exitCode, stdout, output } = await this.#options.bringer.netns.exec("nft", ["list", "ruleset"]);
    if (exitCode === 0) return stdout;
    if (exitCode === NO_SUCH_PROGRAM) return undefined;
    throw new AgentError("commandFailed", "nft cannot list its rules", { details: output.trim() });
  }

  /** After a switch moved, its neighbours have to learn anew where the addresses are. */
  #noteCarrier({ device, isThere }: { readonly device: string; readonly isThere: boolean }): void {
    const before = this.#carriers.get(device);
    this.#carriers.set(device, isThere);
    if (!isThere || before !== false) return;
    const { logger } = this.#options.bringer;
    const announce = (): void => {
      this.#announce(device).catch((err: unknown) => {
        logger.warn(
          { event: "network.advertise.failed", interface: device, err },
          "addresses were not announced",
        );
      });
    };
    logger.info({ event: "network.carrier.found", interface: device }, "a link has its carrier again");
    announce();
    this.#again = setTimeout(announce, ANNOUNCE_AGAIN_MS).unref();
  }

  async #announce(device: string): Promise<void> {
    const file = await this.#options.files.read(device);
    if (file) this.#options.announce(announcedAddresses(file));
  }
}
