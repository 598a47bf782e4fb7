/** `info` and `details`, put together from the parts of the agent. */
import type { PackageVersions } from "../system/machine.ts";
import { API_VERSION } from "../versions.ts";
import type { Agent } from "./types.ts";

/** R2; the order of keys is the contract's (docs/contract/rest-api.md, R2). */
export function info(versions: PackageVersions): object {
  return {
    hostname: versions.hostname,
    haproxy_version: versions.haproxy_version,
    api_version: API_VERSION,
    keepalived_version: versions.keepalived_version,
    ipvsadm_version: versions.ipvsadm_version,
  };
}

/** R3 (docs/contract/rest-api.md, R3). */
export async function details(
  agent: Agent,
): Promise<{ lvs_listener_process_count: number; [key: string]: unknown }> {
  const [versions, machine, networks, haproxyCount, listeners, lvsCount, vrrp] = await Promise.all([
    agent.machine.versions(),
    agent.machine.details(),
    agent.network.counters(),
    agent.loadBalancers.countRunning(),
    listenerNames(agent),
    agent.lvsListeners.countRunning(),
    agent.vrrp.instances(),
  ]);
  return {
    hostname: versions.hostname,
    haproxy_version: versions.haproxy_version,
    api_version: API_VERSION,
    networks,
    active: true,
    haproxy_count: haproxyCount,
    cpu_count: machine.cpu_count,
    cpu: machine.cpu,
    memory: machine.memory,
    disk: machine.disk,
    load: machine.load,
    active_tuned_profiles: machine.active_tuned_profiles,
    // Whatever the real topology: upstream never reports another one.
    topology: "SINGLE",
    topology_status: "OK",
    listeners,
    packages: {},
    lvs_listener_process_count: lvsCount,
    keepalived_version: versions.keepalived_version,
    ipvsadm_version: versions.ipvsadm_version,
    // Not upstream's: controllers ignore what they do not know.
    ...(vrrp && { vrrp_instances: vrrp }),
  };
}

/** A name that two frontends share is listed twice, unless there are LVS listeners too (docs/contract/rest-api.md, R3). */
async function listenerNames({ loadBalancers, lvsListeners }: Agent): Promise<string[]> {
  const [haproxy, lvs] = await Promise.all([loadBalancers.listeners(), lvsListeners.listeners()]);
  const names = [...haproxy, ...lvs].map(({ uuid }) => uuid).sort();
  return lvs.length > 0 ? [...new Set(names)] : names;
}
