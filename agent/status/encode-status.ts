/** Puts what was found together as one document (types.ts). */
import type { PoolSample } from "../loadbalancer/types.ts";
import type { Facts, Found, HaproxyAnswer, LoadBalancerFacts, LvsFacts } from "./facts.ts";
import { findProblems } from "./problems.ts";
import type {
  AgentStatus,
  CertificateStatus,
  ControllerStatus,
  HealingStatus,
  ListenerStatus,
  LoadBalancerStatus,
  MachineStatus,
  MemberStatus,
  PoolStatus,
  Status,
  VipStatus,
} from "./types.ts";

/** Of what serves it, as long as nothing tells. */
const UNKNOWN = "unknown";

export function encodeStatus(facts: Facts): Status {
  const config = valueIn(facts.config);
  const loadBalancers = valueIn(facts.loadBalancers) ?? [];
  const lvs = valueIn(facts.lvs)?.listeners ?? [];
  const lvsPools = valueIn(facts.lvs) && valueIn(valueIn(facts.lvs)?.sample)?.pools;
  const vrrp = valueIn(facts.vrrp);
  const status: Omit<Status, "problems"> = {
    format_version: 1,
    time: facts.now.toISOString(),
    amphora_id: config?.amphoraId || null,
    hostname: facts.hostname,
    versions: {
      agent: facts.agent.state === "running" ? facts.agent.report.version : facts.agentVersion,
      api: facts.apiVersions,
      haproxy: valueIn(facts.packages)?.haproxy ?? null,
      keepalived: valueIn(facts.packages)?.keepalived ?? null,
    },
    machine: encodeMachine(facts),
    agent: encodeAgent(facts),
    controllers: encodeControllers(facts),
    healing: encodeHealing(facts),
    vrrp: vrrp ? { pid: vrrp.pid ?? null, instances: vrrp.instances } : null,
    vips: encodeVips(facts),
    interfaces: encodeInterfaces(facts),
    load_balancers: loadBalancers.map(encodeLoadBalancer),
    listeners: [...loadBalancers.flatMap(encodeListeners), ...lvs.map(encodeLvsListener(facts))],
    pools: [...loadBalancers.flatMap(encodePools), ...lvs.flatMap(encodeLvsPool(lvsPools ?? []))],
    certificates: encodeCertificates(facts),
  };
  return { ...status, problems: findProblems(status, facts) };
}

function valueIn<T>(one: Found<T> | undefined): T | undefined {
  return one && "value" in one ? one.value : undefined;
}

function encodeMachine(facts: Facts): MachineStatus {
  const machine = valueIn(facts.machine);
  const disk = valueIn(facts.disk);
  return {
    uptime_seconds: machine?.uptimeSeconds ?? null,
    load: machine?.load ?? null,
    cpus: facts.cpus,
    memory: machine?.memory ?? null,
    disk: disk
      ? { total_bytes: disk.total_bytes, available_bytes: disk.available_bytes, read_only: disk.readOnly }
      : null,
    limits: valueIn(facts.limits) ?? null,
  };
}

function encodeAgent({ agent }: Facts): AgentStatus {
  if (agent.state !== "running") {
    return { state: agent.state, pid: null, since: null, supervisor: null, heartbeats: null };
  }
  const { pid, since, supervisor, heartbeats } = agent.report;
  const { sent, failed, late } = heartbeats;
  return { state: "running", pid, since, supervisor, heartbeats: { sent, failed, late } };
}

function encodeHealing({ agent }: Facts): HealingStatus | null {
  const healing = agent.state === "running" ? agent.report.healing : undefined;
  if (!healing) return null;
  const { repairs, last, flapping, failing } = healing;
  return {
    repairs,
    last: last ? { at: last.at, cause: last.cause, differences: last.differences } : null,
    flapping,
    failing,
  };
}

function encodeControllers({ config, agent }: Facts): ControllerStatus[] {
  const sentAt = agent.state === "running" ? agent.report.heartbeats.lastSentAt : {};
  return (valueIn(config)?.controllerIpPortList ?? []).map((address) => ({
    address,
    // Destinations have no brackets.
    last_heartbeat: sentAt[address.replace(/[[\]]/g, "")] ?? null,
  }));
}

function encodeVips({ plugged, interfaces }: Facts): VipStatus[] {
  const links = valueIn(interfaces);
  return (valueIn(plugged)?.vips ?? []).map(({ address, interface: name }) => {
    if (!links) return { address, interface: name, state: null };
    const found = links.find((link) => link.name === name)?.addresses.find((one) => one.address === address);
    if (!found) return { address, interface: name, state: "absent" };
    return { address, interface: name, state: found.duplicate ? "duplicate" : "present" };
  });
}

function encodeInterfaces({ interfaces }: Facts): Status["interfaces"] {
  const found = valueIn(interfaces);
  if (!found) return null;
  return found.map(({ addresses, ...link }) => ({
    ...link,
    addresses: addresses.map(({ address, prefix }) => `${address}/${prefix}`),
  }));
}

function encodeLoadBalancer({ id, pid, wanted, answer }: LoadBalancerFacts): LoadBalancerStatus {
  const found = valueIn(answer);
  return {
    id,
    state: stateOfService(pid, wanted, found !== undefined),
    pid: pid ?? null,
    version: found?.version ?? null,
    uptime_seconds: found?.uptimeSeconds ?? null,
    workers: found?.workers?.current ?? null,
    old_workers: found?.workers?.old ?? null,
    connections: found ? { current: found.currentConnections, limit: found.connectionLimit } : null,
  };
}

function stateOfService(
  pid: number | undefined,
  wanted: boolean,
  answers: boolean,
): LoadBalancerStatus["state"] {
  if (pid === undefined) return wanted ? "failed" : "stopped";
  return answers ? "running" : "silent";
}

function encodeListeners({ id, frontends, answer }: LoadBalancerFacts): ListenerStatus[] {
  const found = valueIn(answer);
  return frontends.map((frontend) => {
    const row = found?.statistics.frontends.find(({ name }) => name === frontend.id);
    return {
      id: frontend.id,
      load_balancer_id: id,
      protocol: frontend.protocol,
      addresses: frontend.addresses,
      state: row?.status ?? "DOWN",
      connections: row ? { current: row.current, total: row.total, limit: row.limit ?? null } : null,
      request_errors: row?.requestErrors ?? null,
      default_pool: frontend.defaultBackend ?? null,
    };
  });
}

function encodePools({ id, frontends, backends, answer }: LoadBalancerFacts): PoolStatus[] {
  const found = valueIn(answer);
  // A HAProxy of API 0.5 names a pool by its id alone, and has one listener.
  const only = frontends.length === 1 ? frontends[0]?.id : undefined;
  return backends.map(({ key, servers }) => {
    const rows = found?.statistics.backends.find(({ name }) => name === key);
    return {
      key,
      load_balancer_id: id,
      listener_id: key.split(":")[1] ?? only ?? null,
      state: rows?.status ?? UNKNOWN,
      members: Array.from(servers, ([name, address]) => encodeMember(name, address, rows)),
    };
  });
}

function encodeMember(
  id: string,
  address: string,
  backend: HaproxyAnswer["statistics"]["backends"][number] | undefined,
): MemberStatus {
  const row = backend?.servers.find(({ name }) => name === id);
  const check = row?.check;
  return {
    id,
    address,
    state: row?.status ?? UNKNOWN,
    weight: row?.weight ?? null,
    since_seconds: row?.sinceSeconds ?? null,
    check: check
      ? {
          status: check.status,
          code: check.code ?? null,
          duration_ms: check.durationMs ?? null,
          text: check.text,
        }
      : null,
  };
}

function encodeLvsListener({ lvs }: Facts): (listener: LvsFacts) => ListenerStatus {
  const sampled = valueIn(valueIn(lvs)?.sample)?.listeners ?? [];
  return ({ id, protocol, addresses, pid }) => {
    const row = sampled.find((listener) => listener.id === id);
    return {
      id,
      load_balancer_id: null,
      protocol,
      addresses,
      state: pid === undefined ? "DOWN" : (row?.status ?? UNKNOWN),
      connections: row
        ? { current: Number(row.currentConnections), total: Number(row.counters.stot), limit: null }
        : null,
      request_errors: null,
      default_pool: null,
    };
  };
}

function encodeLvsPool(sampled: readonly PoolSample[]): (listener: LvsFacts) => PoolStatus[] {
  return ({ id, poolId, members }) => {
    if (poolId === undefined) return [];
    const row = sampled.find(({ key }) => key === poolId);
    return [
      {
        key: poolId,
        load_balancer_id: null,
        listener_id: id,
        state: row?.status ?? UNKNOWN,
        members: Array.from(members, ([memberId, address]) => ({
          id: memberId,
          address: address ?? null,
          state: row?.members[memberId] ?? UNKNOWN,
          weight: null,
          since_seconds: null,
          check: null,
        })),
      },
    ];
  };
}

function encodeCertificates({ certificates }: Facts): CertificateStatus[] {
  return certificates.flatMap(({ file, usedBy, loadBalancerId, content }) => {
    const found = valueIn(content);
    if (!found) return [];
    return {
      file,
      used_by: usedBy,
      load_balancer_id: loadBalancerId ?? null,
      subject: found.subject,
      not_before: found.notBefore.toISOString(),
      not_after: found.notAfter.toISOString(),
    };
  });
}
