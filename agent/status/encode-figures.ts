/** The agent's own figures in Prometheus's text format (docs/metrics.md). */
import type { Figures, Looked } from "./figures.ts";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

const PREFIX = "amphora_agent_";
const ROLES = ["MASTER", "BACKUP", "FAULT"] as const;

/** @returns whole lines; a metric without any sample is left out */
export function encodeFigures(figures: Figures): string {
  const { requests, changes, heartbeats, healing, looked } = figures;
  return [
    metric("info", "gauge", "The agent that runs, always 1.", [
      [{ version: figures.version, supervisor: figures.supervisor }, 1],
    ]),
    metric(
      "start_time_seconds",
      "gauge",
      "Start of the agent, since the epoch.",
      plain(figures.startedAt / 1_000),
    ),
    metric(
      "api_requests_total",
      "counter",
      "Answered requests of the REST API, by HTTP status.",
      Array.from(requests, ([code, count]) => [{ code: String(code) }, count] as const),
    ),
    metric(
      "haproxy_changes_total",
      "counter",
      "New configurations of a HAProxy that runs, by how they took effect.",
      Object.entries(changes).map(([how, count]) => [{ how }, count] as const),
    ),
    metric("heartbeats_sent_total", "counter", "Heartbeats that were sent.", plain(heartbeats.sent)),
    metric(
      "heartbeats_failed_total",
      "counter",
      "Heartbeats that could not be made or sent.",
      plain(heartbeats.failed),
    ),
    metric(
      "heartbeats_late_total",
      "counter",
      "Heartbeats that were left out, because the one before was not done.",
      plain(heartbeats.late),
    ),
    metric(
      "heartbeat_last_sent_timestamp_seconds",
      "gauge",
      "Last heartbeat to a controller, since the epoch.",
      Object.entries(heartbeats.lastSentAt).map(([controller, at]) => [{ controller }, at / 1_000] as const),
    ),
    ...encodeHealing(healing),
    ...encodeLooked(looked),
    metric(
      "event_loop_lag_seconds",
      "gauge",
      "How long what was due had to wait for the agent's event loop.",
      plain(figures.eventLoopLagMs / 1_000),
    ),
    metric(
      "process_resident_memory_bytes",
      "gauge",
      "Resident memory of the agent.",
      plain(figures.residentBytes),
    ),
    metric("process_cpu_seconds_total", "counter", "Processor time of the agent.", plain(figures.cpuSeconds)),
  ].join("");
}

function encodeHealing(healing: Figures["healing"]): string[] {
  if (!healing) return [];
  const { repairs, last, flapping, failing } = healing;
  return [
    metric(
      "repairs_total",
      "counter",
      "What was not as the controller asked for, and was put right, by what it is.",
      Object.entries(repairs).map(([kind, count]) => [{ kind }, count] as const),
    ),
    metric(
      "repair_last_timestamp_seconds",
      "gauge",
      "Last repair, since the epoch.",
      plain(last && Date.parse(last.at) / 1_000),
    ),
    metric("differences", "gauge", "What is not as the controller asked for, and stays so or comes back.", [
      [{ state: "failing" }, failing.length],
      [{ state: "flapping" }, flapping.length],
    ]),
  ];
}

function encodeLooked({ workers, vrrp, certificates, conntrack, files, disk }: Looked): string[] {
  const parts = { workers, vrrp, certificates, conntrack, files, disk };
  const found = {
    workers: "value" in workers ? workers.value : [],
    vrrp: "value" in vrrp ? vrrp.value : [],
    certificates: "value" in certificates ? certificates.value : [],
    conntrack: "value" in conntrack ? conntrack.value : undefined,
    files: "value" in files ? files.value : undefined,
    disk: "value" in disk ? disk.value : undefined,
  };
  return [
    metric(
      "readable",
      "gauge",
      "Whether a part of the figures could be read: 1, or 0 when its metrics are missing.",
      Object.entries(parts).map(([part, one]) => [{ part }, "value" in one ? 1 : 0] as const),
    ),
    metric(
      "haproxy_workers",
      "gauge",
      "Worker processes of HAProxy; old ones only finish what they have.",
      found.workers.flatMap(({ loadBalancerId: load_balancer, current, old }): Sample[] => [
        [{ load_balancer, state: "current" }, current],
        [{ load_balancer, state: "old" }, old],
      ]),
    ),
    metric(
      "vrrp_state",
      "gauge",
      "Role of a VRRP instance of keepalived: 1 for the one that it has.",
      found.vrrp.flatMap(({ name, role }) =>
        ROLES.map((one): Sample => [{ instance: name, state: one }, one === role ? 1 : 0]),
      ),
    ),
    metric(
      "vrrp_last_transition_timestamp_seconds",
      "gauge",
      "When a VRRP instance took its role, since the epoch.",
      found.vrrp.map(({ name, since }): Sample => [{ instance: name }, Date.parse(since) / 1_000]),
    ),
    metric(
      "certificate_expiry_timestamp_seconds",
      "gauge",
      "End of a certificate's life, since the epoch; of several in a file the first one.",
      found.certificates.map(({ file, notAfter }): Sample => [{ file }, notAfter.getTime() / 1_000]),
    ),
    metric(
      "conntrack_entries",
      "gauge",
      "Connections that the namespace tracks.",
      plain(found.conntrack?.used),
    ),
    metric("conntrack_entries_limit", "gauge", "Most that can be tracked.", plain(found.conntrack?.limit)),
    metric(
      "machine_open_files",
      "gauge",
      "Files that are open on the machine.",
      plain(found.files?.machine.used),
    ),
    metric(
      "machine_open_files_limit",
      "gauge",
      "Most that can be open on the machine.",
      plain(found.files?.machine.limit),
    ),
    metric("process_open_files", "gauge", "Files that the agent has open.", plain(found.files?.process)),
    metric(
      "disk_size_bytes",
      "gauge",
      "Size of the file system with load balancers' files.",
      plain(found.disk?.totalBytes),
    ),
    metric("disk_available_bytes", "gauge", "What is left of it.", plain(found.disk?.availableBytes)),
  ];
}

/** A metric without labels; none when there is no value. */
function plain(value: number | undefined): Sample[] {
  return value === undefined ? [] : [[{}, value]];
}

function metric(name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const full = PREFIX + name;
  const lines = samples.map(([labels, value]) => `${full}${encodeLabels(labels)} ${value}\n`);
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join("")}`;
}

function encodeLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** @see Prometheus, "Exposition formats", label values */
function escapeValue(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
