/** A status as one screen of text. */
import { duration } from "./duration.ts";
import {
  bad,
  doubtful,
  EMPTY,
  good,
  type Line,
  layOut,
  plain,
  quiet,
  type ScreenOptions,
  tell,
  title,
  type Word,
} from "./screen.ts";
import type { ListenerStatus, MemberStatus, PoolStatus, Problem, Status } from "./types.ts";

export interface StatusScreen extends ScreenOptions {
  /** Listeners, members of each pool, certificates and problems to show; the others are counted. */
  readonly most: number;
}

const LABEL = 11;
const GIGABYTE = 1024 ** 3;
const MEGABYTE = 1024 ** 2;

/** @returns lines, each with its newline */
export function renderStatus(status: Status, options: StatusScreen): string {
  const lines = [
    titleLine(status),
    ...factLines(status),
    ...networkLines(status),
    ...balancerLines(status, options.most),
    ...certificateLines(status, options.most),
    ...problemLines(status.problems, options.most),
  ];
  return lines.map((line) => layOut(line, options)).join("");
}

function titleLine({ amphora_id, hostname, machine }: Status): Line {
  const up = machine.uptime_seconds === null ? "" : `, up ${duration(machine.uptime_seconds * 1_000)}`;
  return {
    indent: 0,
    hanging: 2,
    words: [title(`amphora ${amphora_id ?? "?"}`), plain(`on ${hostname}${up}`)],
  };
}

function factLines(status: Status): Line[] {
  const { versions, machine, agent, controllers, healing, vrrp, time } = status;
  const packages = [`haproxy ${versions.haproxy ?? "?"}`, `keepalived ${versions.keepalived ?? "?"}`];
  const { disk, memory } = machine;
  const room = (available: number, total: number, unit: number, name: string) =>
    `${(available / unit).toFixed(unit === GIGABYTE ? 1 : 0)} of ${(total / unit).toFixed(unit === GIGABYTE ? 1 : 0)} ${name} free`;
  return [
    fact("versions", [
      plain(`agent ${versions.agent},`),
      plain(`API ${versions.api.join(" and ")},`),
      plain(packages.join(", ")),
    ]),
    fact("machine", [
      plain(
        `load ${machine.load?.toFixed(2) ?? "?"} on ${machine.cpus} cpu${machine.cpus === 1 ? "" : "s"},`,
      ),
      plain(`memory ${memory ? room(memory.available_bytes, memory.total_bytes, MEGABYTE, "MB") : "?"},`),
      plain(`disk ${disk ? room(disk.available_bytes, disk.total_bytes, GIGABYTE, "GB") : "?"}`),
      ...(disk?.read_only ? [bad("read-only")] : []),
    ]),
    fact("agent", [
      tell(agent.state, agent.state === "running"),
      ...(agent.pid === null ? [] : [plain(`pid ${agent.pid},`)]),
      ...(agent.since === null ? [] : [plain(`since ${moment(agent.since)} (${since(agent.since, time)}),`)]),
      ...(agent.supervisor === null ? [] : [plain(`supervisor ${agent.supervisor}`)]),
    ]),
    ...(agent.heartbeats
      ? [
          fact("heartbeats", [
            plain(`${agent.heartbeats.sent} sent,`),
            plain(`${agent.heartbeats.failed} failed,`),
            plain(`${agent.heartbeats.late} late`),
          ]),
        ]
      : []),
    ...controllers.map(({ address, last_heartbeat }) =>
      fact("controller", [
        plain(address),
        last_heartbeat === null
          ? quiet(agent.state === "running" ? "no heartbeat yet" : "last heartbeat not known")
          : plain(`last heartbeat ${since(last_heartbeat, time)} ago`),
      ]),
    ),
    ...(healing ? healingLines(healing, time) : []),
    ...(vrrp ? vrrpLines(vrrp, time) : []),
  ];
}

/** What cannot be repaired is among the problems. */
function healingLines({ repairs, last }: NonNullable<Status["healing"]>, time: string): Line[] {
  if (!last) return [];
  const counts = Object.entries(repairs).map(([kind, count]) => `${count} ${kind}`);
  return [
    fact("repairs", [
      plain(`${counts.join(", ")};`),
      plain(`last ${since(last.at, time)} ago:`),
      plain(last.differences.join(", ")),
      quiet(`(${last.cause})`),
    ]),
  ];
}

function vrrpLines({ pid, instances }: NonNullable<Status["vrrp"]>, time: string): Line[] {
  const process = pid === null ? bad("keepalived does not run") : plain(`keepalived pid ${pid}`);
  if (instances.length === 0) return [fact("vrrp", [process])];
  return instances.map(({ name, role, since: changed }) =>
    fact("vrrp", [
      tell(role, role !== "FAULT"),
      plain(`since ${moment(changed)} (${since(changed, time)}),`),
      plain(`instance ${name},`),
      process,
    ]),
  );
}

function networkLines({ vips, interfaces, vrrp }: Status): Line[] {
  return [
    ...vips.map(({ address, interface: name, state }) =>
      fact("vip", [
        plain(address),
        state === "absent" && vrrp ? plain(state) : tell(state ?? "?", state === "present"),
        plain(`on ${name}`),
      ]),
    ),
    ...(interfaces ?? [])
      .filter(({ name }) => name !== "lo")
      .map(({ name, mac, mtu, up, carrier, addresses }) =>
        fact(name, [
          tell(up ? (carrier ? "up" : "no link") : "down", up && carrier),
          quiet(mac),
          quiet(`mtu ${mtu}`),
          ...addresses.map(plain),
        ]),
      ),
  ];
}

function balancerLines(status: Status, most: number): Line[] {
  const { load_balancers, listeners } = status;
  const listenersOf = (id: string | null) =>
    listeners.filter(({ load_balancer_id }) => load_balancer_id === id);
  return [
    ...load_balancers.flatMap((balancer) => {
      const { id, state, pid, uptime_seconds, workers, old_workers, connections } = balancer;
      return [
        EMPTY,
        {
          indent: 0,
          hanging: 2,
          words: [
            title(`load balancer ${id}`),
            state === "stopped" ? quiet(state) : tell(state, state === "running"),
            ...(pid === null ? [] : [plain(`pid ${pid}`)]),
            ...(uptime_seconds === null ? [] : [plain(`up ${duration(uptime_seconds * 1_000)}`)]),
            ...(workers === null
              ? []
              : [
                  plain(
                    `workers ${workers.length}${old_workers?.length ? ` + ${old_workers.length} old` : ""}`,
                  ),
                ]),
            ...(connections ? [plain(`connections ${connections.current}/${connections.limit}`)] : []),
          ],
        },
        ...some(
          worstFirst(listenersOf(id), (listener) => isServed(listener, status)),
          most,
          2,
          (listener) => listenerLines(listener, status, most),
        ),
      ];
    }),
    ...some(listenersOf(null), most, 2, (listener) => [EMPTY, ...listenerLines(listener, status, most)]),
  ];
}

function listenerLines(listener: ListenerStatus, { pools }: Status, most: number): Line[] {
  const { id, protocol, addresses, state, connections } = listener;
  return [
    {
      indent: 2,
      hanging: 4,
      words: [
        plain(`listener ${id}`),
        plain(protocol),
        tell(state, state === "OPEN"),
        ...addresses.map(plain),
        ...(connections ? [plain(`connections ${connections.current}`)] : []),
      ],
    },
    ...pools.filter(({ listener_id }) => listener_id === id).flatMap((pool) => poolLines(pool, most)),
  ];
}

/** Those that need attention come first, so that they are seen however many there are. */
function worstFirst<T>(all: readonly T[], isFine: (one: T) => boolean): readonly T[] {
  return [...all.filter((one) => !isFine(one)), ...all.filter(isFine)];
}

/** Lines of the first ones, and how many more there are. */
function some<T>(
  all: readonly T[],
  most: number,
  indent: number,
  lines: (one: T) => readonly Line[],
): Line[] {
  const shown = all.slice(0, most).flatMap(lines);
  if (all.length <= most) return shown;
  const words = [quiet(`and ${all.length - most} more: --all shows them`)];
  return [...shown, { indent, hanging: indent, words }];
}

function isServed({ id, state }: ListenerStatus, { pools }: Status): boolean {
  const own = pools.filter(({ listener_id }) => listener_id === id);
  return state === "OPEN" && own.every((pool) => pool.state === "UP" && pool.members.every(isServing));
}

function poolLines({ key, state, members }: PoolStatus, most: number): Line[] {
  const [poolId = key] = key.split(":");
  return [
    { indent: 4, hanging: 6, words: [plain(`pool ${poolId}`), tell(state, state === "UP")] },
    ...some(worstFirst(members, isServing), most, 6, (member) => [memberLine(member)]),
  ];
}

function isServing({ state }: MemberStatus): boolean {
  return state === "UP" || state === "no check";
}

function memberLine(member: MemberStatus): Line {
  const { id, address, state, check, since_seconds } = member;
  const isFine = isServing(member);
  return {
    indent: 6,
    hanging: 15,
    words: [
      { text: state.padEnd(8), tone: isFine ? "good" : state.startsWith("DOWN") ? "bad" : "doubtful" },
      plain(id),
      ...(address === null ? [] : [plain(address)]),
      ...(isFine || since_seconds === null ? [] : [plain(`for ${duration(since_seconds * 1_000)}`)]),
      ...(check === null
        ? []
        : [
            quiet(
              [check.status, check.code, check.text, checkTime(check.duration_ms)].filter(Boolean).join(" "),
            ),
          ]),
    ],
  };
}

function checkTime(milliseconds: number | null): string {
  return milliseconds === null ? "" : `in ${milliseconds} ms`;
}

/** The one that ends first comes first. */
function certificateLines({ certificates, time }: Status, most: number): Line[] {
  if (certificates.length === 0) return [];
  const sorted = certificates.toSorted((a, b) => Date.parse(a.not_after) - Date.parse(b.not_after));
  return [
    EMPTY,
    { indent: 0, hanging: 2, words: [title("certificates")] },
    ...some(sorted, most, 2, ({ file, subject, not_after }) => {
      const leftMs = Date.parse(not_after) - Date.parse(time);
      const left = leftMs > 0 ? plain(`${duration(leftMs)} left`) : bad("expired");
      return [{ indent: 2, hanging: 4, words: [left, plain(file), quiet(subject)] }];
    }),
  ];
}

function problemLines(problems: readonly Problem[], most: number): Line[] {
  if (problems.length === 0) return [EMPTY, { indent: 0, hanging: 2, words: [good("nothing is wrong")] }];
  return [
    EMPTY,
    { indent: 0, hanging: 2, words: [title(`what is wrong (${problems.length})`)] },
    ...some(problems, most, 2, ({ severity, text }) => [
      {
        indent: 2,
        hanging: 4,
        words: [severity === "error" ? bad("error") : doubtful("warning"), ...text.split(" ").map(plain)],
      },
    ]),
  ];
}

function fact(label: string, words: readonly Word[]): Line {
  return { indent: 2, hanging: LABEL + 2, words: [quiet(label.padEnd(LABEL - 1)), ...words] };
}

/** In UTC, as logs have it. */
function moment(time: string): string {
  return time.slice(0, 19).replace("T", " ");
}

function since(from: string, to: string): string {
  return duration(Date.parse(to) - Date.parse(from));
}
