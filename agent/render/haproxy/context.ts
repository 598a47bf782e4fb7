/** What every part of haproxy.cfg is made from; pure. */
import { type PoolTable, poolTable } from "../document/pools.ts";
import type {
  Certificates,
  ListenerFiles,
  LoadBalancer,
  PoolFiles,
  RenderingDocument,
} from "../document/types.ts";
import { type Features, featuresOf } from "./features.ts";
import { type HaproxySettings, haproxySettings } from "./settings.ts";

export interface Context {
  readonly loadBalancer: LoadBalancer;
  readonly features: Features;
  readonly settings: HaproxySettings;
  readonly pools: PoolTable;
  readonly certificates: Certificates;
  /** Name of the `peers` section; undefined without one. */
  readonly peers: string | undefined;
}

export function contextOf(document: RenderingDocument): Context {
  const { loadbalancer, haproxy, settings, certificates, topology } = document;
  const section = `${loadbalancer.loadbalancer_id.replaceAll("-", "")}_peers`;
  return {
    loadBalancer: loadbalancer,
    features: featuresOf(haproxy ?? {}),
    settings: haproxySettings(settings),
    pools: poolTable(loadbalancer),
    certificates: certificates ?? {},
    peers: topology === "ACTIVE_STANDBY" ? section : undefined,
  };
}

export function listenerFiles({ listeners }: Certificates, id: string): ListenerFiles {
  return ownEntry(listeners, id) ?? {};
}

export function poolFiles({ pools }: Certificates, id: string): PoolFiles {
  return ownEntry(pools, id) ?? {};
}

/** An id may be the name of a property that every object has. */
function ownEntry<T>(entries: Readonly<Record<string, T>> | null | undefined, id: string): T | undefined {
  return entries && Object.hasOwn(entries, id) ? entries[id] : undefined;
}
