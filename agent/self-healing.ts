/** Joins what heals, what it keeps, and what it hears of. */
import { dirname } from "node:path";
import { NAMESPACE_HANDLE, UNIT_DIRECTORY } from "./config/paths.ts";
import type { SupervisorKind } from "./config/types.ts";
import type { SelfHealing } from "./healing/activation.ts";
import { Healer } from "./healing/healer.ts";
import type { Depth, Keeper } from "./healing/types.ts";
import { layoutOf } from "./loadbalancer/layout.ts";
import { listLoadBalancers } from "./loadbalancer/list.ts";
import { createVersionReader } from "./loadbalancer/read-version.ts";
import { lvsDirectory } from "./lvs/layout.ts";
import type { Network } from "./network/types.ts";
import { peerName } from "./peer-name.ts";
import { createServiceKeeper } from "./supervisor/keeper.ts";
import type { Job, Service, Supervisor } from "./supervisor/types.ts";
import { systemClock } from "./system/clock.ts";
import { DirectoryWatch } from "./system/directory-watch.ts";
import type { Logger } from "./system/logger.ts";
import { tryRun } from "./system/run.ts";
import { vrrpLayout } from "./vrrp/layout.ts";
import type { Vrrp } from "./vrrp/types.ts";

export interface SelfHealingParts {
  readonly basePath: string;
  readonly haproxyCmd: string;
  readonly amphoraId: () => string;
  readonly network: Network;
  readonly supervisor: Supervisor;
  readonly supervisorKind: SupervisorKind;
  readonly vrrp: Vrrp;
  readonly exclusive: { run<T>(key: string, job: () => Promise<T>): Promise<T> };
  readonly logger: Logger;
}

/** Files of services, and what keepalived runs and reads; others come and go all the time. */
const OF_SERVICES = /\.pid$|\/(?:haproxy-|octavia-keepalived|amphora-netns)[^/]*\.service$/;
const OF_VRRP = /\.sh$|\/amphora-agent\.conf$/;

export async function openSelfHealing(parts: SelfHealingParts): Promise<SelfHealing> {
  const { basePath, network, supervisorKind, vrrp, logger } = parts;
  const { directory, checkScripts } = vrrpLayout(basePath);
  const netnsDirectory = dirname(NAMESPACE_HANDLE);
  const networkKeeper = await network.keeper();
  const watched = new DirectoryWatch((path) => {
    if (path.startsWith(netnsDirectory)) healer.heard("network", path);
    else if (OF_SERVICES.test(path)) healer.heard("services", path);
    else if (OF_VRRP.test(path) || path === checkScripts) healer.heard("vrrp", path);
  }, logger);
  const watch = async (): Promise<void> => {
    const ids = await listLoadBalancers(basePath);
    const units = supervisorKind === "systemd" ? [UNIT_DIRECTORY] : [];
    const own = ids.map((id) => layoutOf(basePath, id).directory);
    watched.set([netnsDirectory, ...units, ...own, lvsDirectory(basePath), directory, checkScripts]);
  };
  const services = createServiceKeeper({ ...parts, jobOf: jobReader(parts) });
  const keepers: Keeper[] = [
    networkKeeper,
    // What there is to be watched changes with the services.
    { name: services.name, hold: (look) => services.hold(look).finally(watch) },
    vrrp.keeper,
  ];
  const healer = new Healer({ keepers, clock: systemClock, logger });
  const depthOf = (isSetting: boolean): Depth => (isSetting ? "all" : "changed");
  networkKeeper.watch((change, isSetting) => healer.heard("network", change, depthOf(isSetting)));
  await watch();
  for (const { name } of keepers) healer.heard(name, "first look", "all");
  return {
    refresh: watch,
    status: () => healer.status(),
    async close() {
      watched.close();
      networkKeeper.close();
      await healer.close();
    },
  };
}

function jobReader({ haproxyCmd, amphoraId }: SelfHealingParts): (service: Service) => Promise<Job> {
  const readVersion = createVersionReader(haproxyCmd, tryRun);
  return async (service) =>
    service.kind === "haproxy"
      ? { ...service, peer: peerName(amphoraId()), version: await readVersion() }
      : service;
}
