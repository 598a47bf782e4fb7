/**
 * What is wrong with an amphora in the ways that its doctor has to name, as commands for a shell in it. Commands
 * run outside of the namespace.
 */
import type { Severity } from "../../agent/doctor/types.ts";

/** Where an amphora runs, as a person at a shell in it. */
export interface Place {
  readonly name: string;
  /** Runs a script that must succeed. @returns its standard output */
  shell(script: string): Promise<string>;
  /** The program, as a shell word. */
  readonly amphora: string;
  /** Node, as a shell word. */
  readonly node: string;
  /** Of eth1, unless it is a VIP. */
  readonly address: string;
  readonly memberPort: number;
  /** Lets somebody else on the network of eth1 answer for that address, too. */
  duplicate(state: "on" | "off"): Promise<unknown>;
  /** Undefined where it cannot be done. */
  readonly limitTasks?: (state: "on" | "off") => Promise<unknown>;
  readonly hasSystemd: boolean;
}

export interface Fault<Needed = Place> {
  readonly name: string;
  inject(place: Needed): Promise<unknown>;
  repair(place: Needed): Promise<unknown>;
  /** Of the doctor's finding. */
  readonly text: RegExp;
  /** Either, where it depends on what else goes on. */
  readonly severity?: Severity;
}

const INSIDE = "ip netns exec amphora-haproxy";
const BASE = "/var/lib/octavia";
const CONFIG = `${BASE}/*/haproxy.cfg`;
const HAPROXY_UNIT = "haproxy-*.service";
const AGENT = "/run/fault-agent";
const MEMBER = `$(grep -hm1 '^ *server ' ${CONFIG} | head -n 1 | tr -s ' ' | cut -d' ' -f4)`;
const MASTER_PID = `$(cat ${BASE}/*/*.pid | head -n 1)`;
const WORKERS = `$(cat /proc/${MASTER_PID}/task/${MASTER_PID}/children)`;
const CONNTRACK_MAX = "/proc/sys/net/netfilter/nf_conntrack_max";
/** The table is the kernel's, of a machine that may be large. */
const MOST_CONNECTIONS = 300_000;
const CLOCK_UNIT = "/etc/systemd/system/idle-clock.service";

/** A rule of somebody else's, in the namespace or outside. */
function filter(hook: string, rule: string, where = INSIDE): Pick<Fault, "inject" | "repair"> {
  const nft = `${where} nft`;
  return {
    inject: ({ shell }) =>
      shell(`${nft} add table inet fault
        ${nft} add chain inet fault ${hook} '{ type filter hook ${hook} priority 0; }'
        ${nft} add rule inet fault ${hook} ${rule}`),
    repair: ({ shell }) => shell(`${nft} delete table inet fault`),
  };
}

/** The agent would put it right at once: it stands still meanwhile. */
function unattended(inject: string, repair: string): Pick<Fault, "inject" | "repair"> {
  return {
    inject: ({ shell, amphora }) =>
      shell(`${amphora} status --json | grep -m1 -o '"pid": [0-9]*' | cut -d' ' -f2 >${AGENT}
        kill -STOP $(cat ${AGENT}); ${inject}`),
    repair: ({ shell }) => shell(`${repair}; kill -CONT $(cat ${AGENT})`),
  };
}

const EVERYWHERE: readonly Fault[] = [
  {
    name: "members refuse",
    inject: (place) => refusing(place).inject(place),
    repair: (place) => refusing(place).repair(place),
    text: /^member \S+, \S+, refuses$/,
    severity: "failure",
  },
  {
    name: "members do not answer",
    inject: (place) => silent(place).inject(place),
    repair: (place) => silent(place).repair(place),
    text: /^member \S+, \S+, does not answer$/,
    severity: "failure",
  },
  {
    name: "large packets vanish on the way to members",
    ...filter("input", "icmp type echo-reply ip length gt 1400 drop"),
    text: /^packets of 1450 bytes to \S+ vanish, and 1400 bytes get through$/,
    severity: "failure",
  },
  {
    name: "another host has the same address",
    inject: ({ duplicate }) => duplicate("on"),
    repair: ({ duplicate }) => duplicate("off"),
    text: /^another host answers for \S+ on the network of eth1$/,
    severity: "failure",
  },
  {
    name: "the controller refuses heartbeats",
    ...filter("output", "udp dport 5555 reject", ""),
    text: /^the controller \S+ (refuses|may not be reached)/,
    severity: "failure",
  },
  {
    name: "ports for connections run out",
    inject: ({ shell }) =>
      shell(`${INSIDE} sysctl -qw net.ipv4.ip_local_port_range='40000 40019'
        member=${MEMBER}
        export HOST=\${member%:*} PORT=\${member##*:}
        ${INSIDE} bash -c 'for i in $(seq 17); do exec {fd}<>/dev/tcp/$HOST/$PORT; done; exec sleep 600' \\
          >/dev/null 2>&1 & echo $! >/run/fault-ports`),
    repair: ({ shell }) =>
      shell(`kill $(cat /run/fault-ports); ${INSIDE} sysctl -qw net.ipv4.ip_local_port_range='32768 60999'`),
    text: /^\d+ of 20 ports for connections from \S+ to \S+ are taken$/,
  },
  {
    name: "a route is gone",
    ...unattended(
      `${INSIDE} ip -4 route show default >/run/fault-route; ${INSIDE} ip -4 route del default`,
      `${INSIDE} ip -4 route add $(cat /run/fault-route)`,
    ),
    text: /^the default route via \S+ of eth1 in table \d+ is missing$/,
    severity: "failure",
  },
  {
    name: "another MTU than the network's",
    ...unattended(`${INSIDE} ip link set eth1 mtu 1400`, `${INSIDE} ip link set eth1 mtu 1450`),
    text: /^eth1 has an MTU of 1400, and its network one of 1450$/,
    severity: "warning",
  },
  {
    name: "the agent hangs",
    ...unattended("true", "true"),
    text: /^the agent does not answer/,
    severity: "failure",
  },
  {
    name: "HAProxy hangs",
    inject: ({ shell }) => shell(`kill -STOP ${WORKERS}`),
    repair: ({ shell }) => shell(`kill -CONT ${WORKERS}`),
    text: /^HAProxy of load balancer \S+, pid \d+, does not answer/,
    severity: "failure",
  },
  {
    name: "a configuration that HAProxy does not run",
    inject: ({ shell }) =>
      shell(
        `cp -p ${CONFIG} /run/fault-config; sed -i 's/^\\( *\\)timeout connect.*/\\1timeout connect 4321/' ${CONFIG}`,
      ),
    repair: ({ shell }) => shell(`cat /run/fault-config >$(echo ${CONFIG})`),
    text: /^HAProxy does not run \S+haproxy\.cfg: \d+ changes? waits? for a reload$/,
    severity: "warning",
  },
  {
    name: "a configuration that somebody has broken",
    inject: ({ shell }) => shell(`cp -p ${CONFIG} /run/fault-config; echo nonsense >>$(echo ${CONFIG})`),
    repair: ({ shell }) => shell(`cat /run/fault-config >$(echo ${CONFIG})`),
    text: /^HAProxy would not start again with \S+haproxy\.cfg: .*nonsense/,
    severity: "failure",
  },
  {
    name: "the disk is full",
    inject: ({ shell }) =>
      shell(
        `mount -o remount,size=16m ${BASE}; dd if=/dev/zero of=${BASE}/filler bs=64k 2>/dev/null || true`,
      ),
    repair: ({ shell }) => shell(`rm ${BASE}/filler; mount -o remount,size=64m ${BASE}`),
    text: /^the disk is full: nothing can be changed$/,
    severity: "failure",
  },
  {
    name: "the disk is read-only",
    inject: ({ shell }) => shell(`mount --bind ${BASE} ${BASE}; mount -o remount,bind,ro ${BASE}`),
    repair: ({ shell }) => shell(`umount -l ${BASE}`),
    text: /^the disk is read-only: nothing can be changed$/,
    severity: "failure",
  },
];

const WITH_SYSTEMD: readonly Fault[] = [
  {
    name: "HAProxy cannot be started any more",
    inject: ({ shell }) =>
      shell(`unit=$(systemctl list-units --plain --no-legend '${HAPROXY_UNIT}' | cut -d' ' -f1)
        mkdir -p /run/systemd/system/$unit.d
        printf '[Service]\\nRestart=no\\nExecStartPre=/bin/false\\n' >/run/systemd/system/$unit.d/fault.conf
        systemctl daemon-reload; systemctl kill --signal=KILL $unit`),
    repair: ({ shell }) =>
      shell(`rm /run/systemd/system/${HAPROXY_UNIT}.d/fault.conf; systemctl daemon-reload
        unit=$(basename $(ls -d /run/systemd/system/${HAPROXY_UNIT}.d) .d)
        systemctl reset-failed $unit; systemctl start $unit`),
    text: /^haproxy-\S+\.service (has failed: |ends and is started again)/,
    severity: "failure",
  },
  {
    name: "keepalived does not run",
    inject: ({ shell }) => shell("systemctl stop octavia-keepalived"),
    repair: ({ shell }) => shell("systemctl start octavia-keepalived"),
    text: /^keepalived is configured and does not run: no VIP/,
    severity: "failure",
  },
];

/** Whether the clock is synchronised the kernel says, and that is the host's. */
export const CLOCK: Fault<Pick<Place, "shell">> = {
  name: "nobody synchronises the clock",
  inject: ({ shell }) =>
    shell(`mkdir -p /etc/systemd/ntp-units.d
      printf '[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' >${CLOCK_UNIT}
      echo idle-clock.service >/etc/systemd/ntp-units.d/10-idle.list
      systemctl daemon-reload; systemctl restart systemd-timedated; timedatectl set-ntp true`),
  repair: ({ shell }) =>
    shell(`timedatectl set-ntp false; rm ${CLOCK_UNIT} /etc/systemd/ntp-units.d/10-idle.list
      systemctl daemon-reload; systemctl restart systemd-timedated`),
  text: /^the clock is not synchronised, though a service should do so$/,
  severity: "warning",
};

/** A packet each from one address to another place; 85 of 100 that fit into the kernel's table. */
const FLOWS = `
const socket = require("dgram").createSocket("udp4");
const wanted = Math.ceil(Number(require("fs").readFileSync("${CONNTRACK_MAX}")) * 0.85);
let [sent, done] = [0, 0];
const next = () => {
  for (const end = Math.min(sent + 500, wanted); sent < end; sent += 1)
    socket.send("x", 1024 + (sent % 60000), "127.1." + Math.floor(sent / 60000) + ".1", () => {
      done += 1;
      if (done === wanted) socket.close();
      else if (done === sent) setImmediate(next);
    });
};
socket.bind(0, "127.0.0.1", next);
`;

const TRACKED: Fault = {
  name: "the table of connections is almost full",
  inject: ({ shell, node }) =>
    shell(`${INSIDE} ip link set lo up
      ${INSIDE} nft add table inet fault
      ${INSIDE} nft add chain inet fault output '{ type filter hook output priority 0; }'
      ${INSIDE} nft add rule inet fault output ct state new accept
      ${INSIDE} sysctl -qw net.netfilter.nf_conntrack_udp_timeout=60
      ${INSIDE} ${node} -e '${FLOWS}'`),
  repair: ({ shell }) => shell(`${INSIDE} nft delete table inet fault`),
  text: /^\d+ of \d+ places for tracked connections are taken$/,
  severity: "warning",
};

const CROWDED: Fault = {
  name: "no room for new processes",
  inject: ({ limitTasks }) => limitTasks?.("on") ?? Promise.resolve(),
  repair: ({ limitTasks }) => limitTasks?.("off") ?? Promise.resolve(),
  text: /^no new process can be started: /,
  severity: "failure",
};

export async function faultsFor(place: Place): Promise<readonly Fault[]> {
  const places = Number(await place.shell(`cat ${CONNTRACK_MAX} 2>/dev/null || echo 0`));
  const all = [
    ...EVERYWHERE,
    ...(places > 0 && places <= MOST_CONNECTIONS ? [TRACKED] : []),
    ...(place.limitTasks ? [CROWDED] : []),
  ];
  if (!place.hasSystemd) return all;
  const synchronised = (await place.shell("timedatectl show --property=NTPSynchronized --value")).trim();
  return [...all, ...WITH_SYSTEMD, ...(synchronised === "no" ? [CLOCK] : [])];
}

function refusing({ memberPort }: Place): Pick<Fault, "inject" | "repair"> {
  return filter("output", `tcp dport ${memberPort} reject with tcp reset`);
}

function silent({ memberPort }: Place): Pick<Fault, "inject" | "repair"> {
  return filter("output", `tcp dport ${memberPort} drop`);
}
