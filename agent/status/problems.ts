/** Says what is wrong with an amphora, in one line each. */
import { duration } from "./duration.ts";
import type { Facts, Found } from "./facts.ts";
import type { Problem, ProblemSubject, Status } from "./types.ts";

type Seen = Omit<Status, "problems">;

/**
 * Octavia's controllers renew an amphora's certificate, which lasts 30 days, 14 days before its end: this is when they
 * have not. Of a shorter life it is the last third.
 */
const CERTIFICATE_WARNING_MS = 10 * 86_400_000;
const LAST_PART = 1 / 3;
/** Of the room that there is. */
const LITTLE_ROOM = 0.05;
const MEGABYTE = 1024 * 1024;
/** Below this, configurations cannot be stored any more. */
const NO_DISK_BYTES = 1 * MEGABYTE;
/** A destination gets every n-th heartbeat: so many rounds of them may be lost before it is an error. */
const MISSED_ROUNDS = 3;
/** A busy machine may be late by this much, however short the interval is; controllers wait for a minute. */
const LEAST_SILENCE_MS = 15_000;

/** @returns errors first */
export function findProblems(status: Seen, facts: Facts): Problem[] {
  const problems = [
    ...problemsOfReading(facts),
    ...problemsOfAgent(status, facts),
    ...problemsOfHeartbeats(status, facts),
    ...problemsOfMachine(status),
    ...problemsOfProcesses(status, facts),
    ...problemsOfNetwork(status, facts),
    ...problemsOfVrrp(status),
    ...problemsOfHealing(status),
    ...problemsOfServices(status, facts),
    ...problemsOfPools(status),
    ...problemsOfCertificates(status, facts),
  ];
  return [...problems.filter(isError), ...problems.filter((problem) => !isError(problem))];
}

function isError({ severity }: Problem): boolean {
  return severity === "error";
}

function error(subject: ProblemSubject, object: string | null, text: string): Problem {
  return { severity: "error", subject, object, text };
}

function warning(subject: ProblemSubject, object: string | null, text: string): Problem {
  return { severity: "warning", subject, object, text };
}

function failureOf(found: Found<unknown> | undefined): string | undefined {
  return found && "failure" in found ? found.failure : undefined;
}

/** What could not be looked at. */
function problemsOfReading(facts: Facts): Problem[] {
  const lvsSample = "value" in facts.lvs ? facts.lvs.value.sample : undefined;
  const parts: readonly (readonly [ProblemSubject, string, Found<unknown> | undefined])[] = [
    ["configuration", "the agent's configuration cannot be used", facts.config],
    ["machine", "versions of packages cannot be read", facts.packages],
    ["machine", "memory and load cannot be read", facts.machine],
    ["machine", "the disk cannot be looked at", facts.disk],
    ["processes", "limits of processes cannot be read", facts.limits],
    ["vrrp", "keepalived's state cannot be read", facts.vrrp],
    ["interface", "interface files cannot be read", facts.plugged],
    ["interface", "interfaces cannot be looked at", facts.interfaces],
    ["haproxy", "load balancers cannot be read", facts.loadBalancers],
    ["listener", "UDP and SCTP listeners cannot be read", facts.lvs],
    ["listener", "the kernel cannot be asked about UDP and SCTP listeners", lvsSample],
  ];
  return parts.flatMap(([subject, text, found]) => {
    const failure = failureOf(found);
    return failure === undefined ? [] : error(subject, null, `${text}: ${failure}`);
  });
}

function problemsOfAgent(_status: Seen, { agent }: Facts): Problem[] {
  switch (agent.state) {
    case "running":
      return [];
    case "down":
      return [error("agent", null, `the agent does not run (${agent.reason}): no heartbeats are sent`)];
    case "silent":
      return [error("agent", null, `the agent does not answer: ${agent.reason}`)];
    case "unknown":
      return [warning("agent", null, `the agent cannot be asked: ${agent.reason}`)];
  }
}

function problemsOfHeartbeats({ agent, controllers, time }: Seen, { config }: Facts): Problem[] {
  if (!("value" in config)) return [];
  if (controllers.length === 0) {
    return [error("heartbeat", null, "no controller is configured that would get heartbeats")];
  }
  if (agent.state !== "running" || agent.since === null) return [];
  const intervalMs = config.value.heartbeatIntervalSeconds * 1_000;
  const allowedMs = Math.max(intervalMs * controllers.length * MISSED_ROUNDS, LEAST_SILENCE_MS);
  const now = Date.parse(time);
  const started = Date.parse(agent.since);
  return controllers.flatMap(({ address, last_heartbeat }) => {
    const silentMs = now - (last_heartbeat === null ? started : Date.parse(last_heartbeat));
    if (silentMs <= allowedMs) return [];
    const text =
      last_heartbeat === null
        ? `has had no heartbeat in the ${duration(silentMs)} that the agent runs`
        : `has had no heartbeat for ${duration(silentMs)}`;
    return error("heartbeat", address, `${address} ${text}`);
  });
}

function problemsOfMachine({ machine: { disk, memory } }: Seen): Problem[] {
  const problems: Problem[] = [];
  if (disk?.read_only) problems.push(error("machine", null, "the disk is read-only: nothing can be changed"));
  if (disk && disk.available_bytes < NO_DISK_BYTES) {
    problems.push(error("machine", null, "the disk is full: nothing can be changed"));
  } else if (disk && disk.available_bytes < disk.total_bytes * LITTLE_ROOM) {
    problems.push(
      warning("machine", null, `the disk is almost full: ${megabytes(disk.available_bytes)} are left`),
    );
  }
  if (memory && memory.available_bytes < memory.total_bytes * LITTLE_ROOM) {
    problems.push(
      warning("machine", null, `memory is almost used up: ${megabytes(memory.available_bytes)} are left`),
    );
  }
  return problems;
}

/** A kernel that has no room for a process says so in these words (fork(2)). */
const NO_ROOM: ReadonlySet<string> = new Set(["EAGAIN", "ENOMEM"]);

/** Without new processes nothing can be changed or repaired; what runs goes on. */
function problemsOfProcesses({ machine: { limits } }: Seen, facts: Facts): Problem[] {
  const tried: readonly Found<unknown>[] = [facts.interfaces, facts.packages, facts.vrrp, facts.lvs];
  const refused = tried.find((one) => "code" in one && one.code !== undefined && NO_ROOM.has(one.code));
  const { tasks, memory } = limits ?? { tasks: null, memory: null };
  const problems: Problem[] = [];
  const bound = tasks && `${tasks.used} of ${tasks.limit} processes and threads by ${tasks.set_by}`;
  if (tasks && tasks.used >= tasks.limit) {
    problems.push(error("processes", tasks.set_by, `no new process can be started: ${bound}`));
  } else if (refused) {
    problems.push(error("processes", null, `no new process can be started: ${failureOf(refused)}`));
  } else if (tasks && tasks.limit - tasks.used < tasks.limit * LITTLE_ROOM) {
    problems.push(warning("processes", tasks.set_by, `room for new processes is almost used up: ${bound}`));
  }
  if (memory && memory.limit - memory.used < memory.limit * LITTLE_ROOM) {
    const left = megabytes(Math.max(0, memory.limit - memory.used));
    problems.push(
      warning("processes", memory.set_by, `memory is almost used up: ${left} are left by ${memory.set_by}`),
    );
  }
  return problems;
}

function problemsOfNetwork({ interfaces, vips, vrrp, load_balancers }: Seen, facts: Facts): Problem[] {
  if (!interfaces) {
    const isMissing = "value" in facts.interfaces && vips.length + load_balancers.length > 0;
    return isMissing ? [error("namespace", null, "there is no namespace amphora-haproxy")] : [];
  }
  const plugged = "value" in facts.plugged ? facts.plugged.value.interfaces : [];
  return [
    ...plugged.flatMap((name) => {
      const found = interfaces.find((one) => one.name === name);
      if (!found) return error("interface", name, `${name} is configured and not there`);
      if (!found.up) return error("interface", name, `${name} is down`);
      return found.carrier ? [] : error("interface", name, `${name} has no link`);
    }),
    ...vips.flatMap(({ address, interface: name, state }) => {
      if (state === "duplicate") return error("vip", address, `another host has ${address} of ${name} too`);
      // Where keepalived decides, it may be right that it is not here.
      return state === "absent" && !vrrp ? error("vip", address, `${address} is missing on ${name}`) : [];
    }),
  ];
}

function problemsOfVrrp({ vrrp, vips }: Seen): Problem[] {
  if (!vrrp) return [];
  if (vrrp.pid === null) {
    return [
      error("vrrp", null, "keepalived is configured and does not run: no VIP, and heartbeats are withheld"),
    ];
  }
  if (vrrp.instances.length === 0) return [warning("vrrp", null, "keepalived has not told its role yet")];
  const isMaster = vrrp.instances.some(({ role }) => role === "MASTER");
  return [
    ...vrrp.instances.flatMap(({ name, role, since }) =>
      role === "FAULT"
        ? error("vrrp", name, `keepalived's instance ${name} is in FAULT since ${since}: it gives the VIP up`)
        : [],
    ),
    ...vips.flatMap(({ address, interface: name, state }) => {
      if (state === "absent" && isMaster) {
        return error("vip", address, `${address} is missing on ${name}, and keepalived says MASTER`);
      }
      return state === "present" && !isMaster
        ? error("vip", address, `${address} is on ${name}, and keepalived says it is not MASTER`)
        : [];
    }),
  ];
}

function problemsOfHealing({ healing }: Seen): Problem[] {
  if (!healing) return [];
  return [
    ...healing.failing.map((difference) =>
      error("healing", difference, `cannot be repaired so far: ${difference}`),
    ),
    ...healing.flapping.map((difference) =>
      warning("healing", difference, `undone again and again by somebody else: ${difference}`),
    ),
  ];
}

function problemsOfServices({ load_balancers, listeners }: Seen, { loadBalancers, lvs }: Facts): Problem[] {
  const facts = "value" in loadBalancers ? loadBalancers.value : [];
  const keepalived = "value" in lvs ? lvs.value.listeners : [];
  return [
    ...load_balancers.flatMap(({ id, state, pid }) => {
      if (state === "failed") return error("haproxy", id, `HAProxy of load balancer ${id} does not run`);
      if (state !== "silent") return [];
      const reason = failureOf(facts.find((one) => one.id === id)?.answer) ?? "it does not say why";
      return error("haproxy", id, `HAProxy of load balancer ${id}, pid ${pid}, does not answer: ${reason}`);
    }),
    ...keepalived.flatMap(({ id, pid, wanted }) =>
      pid === undefined && wanted ? error("listener", id, `keepalived of listener ${id} does not run`) : [],
    ),
    ...listeners.flatMap(({ id, state, connections }) =>
      state === "FULL"
        ? warning("listener", id, `listener ${id} has all of its ${connections?.limit} connections`)
        : [],
    ),
  ];
}

function problemsOfPools({ pools }: Seen): Problem[] {
  return pools.flatMap(({ key, state, members }) => [
    ...(state === "DOWN" && members.length > 0
      ? [error("pool", key, `pool ${key} has no member that is up`)]
      : []),
    ...members
      .filter((member) => member.state.startsWith("DOWN"))
      .map(({ id, address, state: word, since_seconds, check }) => {
        const since = since_seconds === null ? "" : ` for ${duration(since_seconds * 1_000)}`;
        const reason = check ? `: ${[check.status, check.code, check.text].filter(Boolean).join(" ")}` : "";
        return error(
          "member",
          id,
          `member ${id}${address ? ` (${address})` : ""} is ${word}${since}${reason}`,
        );
      }),
  ]);
}

function problemsOfCertificates({ certificates, time }: Seen, facts: Facts): Problem[] {
  return [
    ...facts.certificates.flatMap(({ file, content }) => {
      const failure = failureOf(content);
      return failure === undefined ? [] : error("certificate", file, `${file} cannot be used: ${failure}`);
    }),
    ...certificates.flatMap(({ file, not_before, not_after }) => {
      const leftMs = Date.parse(not_after) - Date.parse(time);
      const lifeMs = Date.parse(not_after) - Date.parse(not_before);
      if (leftMs <= 0) return error("certificate", file, `${file} has expired on ${not_after}`);
      return leftMs < Math.min(CERTIFICATE_WARNING_MS, lifeMs * LAST_PART)
        ? warning("certificate", file, `${file} expires in ${duration(leftMs)}`)
        : [];
    }),
  ];
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / MEGABYTE)} MB`;
}
