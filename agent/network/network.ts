/** The namespace `amphora-haproxy` as the rest of the agent sees it. */
import { PCI_RESCAN_FILE, PLUGGED_INTERFACES_FILE, VIP_FIREWALL_FILE } from "../config/paths.ts";
import type { Config } from "../config/types.ts";
import { AgentError } from "../errors.ts";
import { parseAddress } from "../parse-address.ts";
import { type ReplaceFile, readIfPresent } from "../system/files.ts";
import { writeKernelFile } from "../system/kernel-file.ts";
import type { Logger } from "../system/logger.ts";
import type { Try } from "../system/run.ts";
import { advertiseAddresses } from "./advertise.ts";
import type { Bringer } from "./bring-up.ts";
import { interfaceFiles } from "./interface-files.ts";
import { actOnInterfaces } from "./interfaces.ts";
import { createNamespace, namespaceFromRoot } from "./netns.ts";
import { parsePlugged } from "./parse-plugged.ts";
import { isSettled } from "./plan-up.ts";
import { type PlugHost, plugNetwork, plugVip } from "./plug.ts";
import { readAddresses, readCounters, readHostLinks, readLinks, readState } from "./read-state.ts";
import { renderLoopbackFile } from "./render-interface.ts";
import { moveLink, restoreNetwork } from "./restore.ts";
import type { Network } from "./types.ts";

export interface NetworkOptions {
  readonly config: () => Config;
  readonly run: Try;
  readonly replaceFile: ReplaceFile;
  readonly logger: Logger;
  /** Runs jobs with the same key one after the other. */
  readonly exclusive: { run<T>(key: string, job: () => Promise<T>): Promise<T> };
  /** Process ids of programs that should live in the namespace. */
  readonly residents?: () => Promise<readonly number[]>;
  /** Called when a port was plugged. */
  readonly plugged?: () => void;
}

const CHANGE = "network";

/** For processes of the root namespace. */
export function createNetwork(options: NetworkOptions): Network {
  const { config, run, replaceFile, logger } = options;
  const netns = namespaceFromRoot(run);
  const bringer: Bringer = { netns, logger, replaceFile };
  const files = interfaceFiles(() => config().agentServerNetworkDir, replaceFile);
  /** Interfaces whose last bring-up worked, scripts included. */
  const working = new Set<string>();
  const announcements = new Set<Promise<void>>();

  const bringUp = async (name: string): Promise<void> => {
    working.delete(name);
    await bringUpAs(name);
    working.add(name);
  };
  const bringUpAs = async (name: string): Promise<void> => {
    try {
      await actOnInterfaces(bringer, files, "up", name);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      throw new AgentError("commandFailed", `Error: ${error.message}`, { cause: error });
    }
  };
  const announce = (addresses: readonly string[]): void => {
    const sending = advertiseAddresses({ netns, logger }, addresses).finally(() =>
      announcements.delete(sending),
    );
    announcements.add(sending);
  };
  const readPlugged = async (): Promise<string | undefined> =>
    (await readIfPresent(PLUGGED_INTERFACES_FILE))?.toString("latin1");

  const host: PlugHost = {
    topology: () => config().topology,
    hostLinks: () => readHostLinks(run),
    namespaceLinks: async () => (await readLinks(netns)) ?? [],
    moveLink: async (from, name) => {
      await createNamespace(run);
      await moveLink(run, from, name);
    },
    readInterfaceFile: (name) => files.read(name),
    writeInterfaceFile: (file) => files.write(file),
    readPlugged,
    writePlugged: (text) => replaceFile(PLUGGED_INTERFACES_FILE, text, 0o644),
    bringUp,
    needsBringUp: async (name) => {
      const [file, state] = await Promise.all([files.read(name), readState(netns)]);
      return !working.has(name) || !file || !state || !isSettled(file, state);
    },
    rescanPci: async () => {
      try {
        await writeKernelFile(PCI_RESCAN_FILE, "1");
      } catch (error) {
        // The caller's answer is "not found" either way; the controller asks again.
        logger.warn({ event: "network.rescan.failed", err: error }, "the PCI bus could not be rescanned");
      }
    },
    announce,
  };
  const change = <T>(job: () => Promise<T>): Promise<T> => options.exclusive.run(CHANGE, job);

  const plug = async (job: () => Promise<string>): Promise<string> => {
    try {
      return await change(job);
    } finally {
      options.plugged?.();
    }
  };
  const restore = (): Promise<void> =>
    restoreNetwork({ run, netns, logger, readPlugged, bringAllUp: () => bringUpAs("all") });

  const interfaceOf = async (text: string): Promise<string> => {
    const wanted = parseAddress(text);
    if (!wanted) throw new AgentError("invalidInput", "Invalid IP address");
    const addresses = (await readAddresses(netns)) ?? [];
    const found = addresses.find((item) => item.address === wanted.canonical);
    if (found) return found.device;
    throw new AgentError("notFound", "Error interface not found for IP address");
  };

  return {
    plugVip: (vip, body) => plug(() => plugVip(host, vip, body)),
    plugNetwork: (body, known) => plug(() => plugNetwork(host, body, known)),
    interfaceOf,
    replaceRules: (address, body) =>
      change(async () => {
        await interfaceOf(address);
        const { replaceRules } = await import("./firewall.ts");
        await replaceRules({ netns, replaceFile, file: VIP_FIREWALL_FILE }, body);
        logger.info({ event: "network.firewall.replaced" }, "firewall of the VIP port replaced");
      }),
    counters: async () => (await readCounters(netns)) ?? {},
    advertise: (addresses) => {
      announce(addresses);
      return Promise.resolve();
    },
    idle: async () => {
      await Promise.all(announcements);
    },
    restore: () => change(restore),
    ensureNamespace: () => change(() => createNamespace(run)),
    writeLoopbackFile: () => files.write(renderLoopbackFile()),
    hasPorts: async () => parsePlugged((await readPlugged()) ?? "").length > 0,
    keeper: async () => {
      const { createNetworkKeeper } = await import("./keeper.ts");
      const residents = options.residents ?? (() => Promise.resolve([]));
      return createNetworkKeeper({
        run,
        bringer,
        files,
        readPlugged,
        restore,
        announce,
        alone: change,
        residents,
      });
    },
  };
}
