/** Measures of changes: how soon one holds, and what many do to traffic, processes and memory. */
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../../../agent/system/unix-socket.ts";
import { host } from "../../bed/host.ts";
import { ChangingPool } from "../../endurance/changing-pool.ts";
import { startLoad, startMembers } from "../../endurance/load-client.ts";
import { memoryOf } from "../../endurance/process-figures.ts";
import { Random } from "../../endurance/random.ts";
import { haproxyConfig, LOAD_BALANCER, STATS_SOCKET } from "../haproxy-config.ts";
import { NAMESPACE, type Rig, VIP } from "../rig.ts";
import { median } from "../statistics.ts";
import { bareChecks } from "./load-balancer.ts";
import { type Measure, repeat, timed } from "./measure.ts";

const MANY = { listeners: 50, members: 40 };
const EFFECT_MS = 20_000;
const LOOK_MS = 2;

export const change: Measure = {
  name: "change",
  rows: [
    {
      id: "change",
      title: "until a new weight holds, one member of 2,000, upload included",
      unit: "ms",
      target: 0.2,
    },
    { id: "change check", title: "share of it that is `haproxy -c`", unit: "%" },
  ],
  definition:
    "From `PUT /1.0/loadbalancer/<amphora>/<lb>/haproxy` with another weight, followed by `PUT …/reload`, until HAProxy's socket answers `get weight` with it, asked every 2 ms; 50 listeners with 40 members each. The share is made of a bare `haproxy -c` just before: both agents run one at the upload, upstream's unit one more at the reload.",
  run: async (rig) => {
    await rig.restartAgent();
    await rig.ensureVip();
    const config = haproxyConfig(VIP, MANY);
    await rig.upload(config);
    await rig.act("start");
    const [, backend = ""] = /^backend (\S+)$/m.exec(config) ?? [];
    const [, server = ""] = /^ {4}server (\S+)/m.exec(config) ?? [];
    const checks = rig.isOurs ? 1 : 2;
    const samples = await repeat(9, async (index) => {
      const check = median(await bareChecks(rig, 3));
      const weight = index + 2;
      const total = await timed(async () => {
        await rig.upload(config.replace("weight 1\n", `weight ${weight}\n`));
        await Promise.all([rig.act("reload"), inEffect(rig, `${backend}/${server}`, weight)]);
      });
      return { total, share: (100 * checks * check) / total };
    });
    await rig.act("stop");
    await rig.deleteLoadBalancer();
    return {
      change: samples.map(({ total }) => total),
      "change check": samples.map(({ share }) => share),
    };
  },
};

async function inEffect(rig: Rig, server: string, weight: number): Promise<void> {
  const socket = `/proc/${rig.machine.leader}/root${STATS_SOCKET}`;
  const deadline = performance.now() + EFFECT_MS;
  for (;;) {
    // A worker that is just being replaced may not answer.
    const said = await ask(socket, `get weight ${server}`, { timeoutMs: 1_000 }).catch(() => "");
    if (said.toString().startsWith(`${weight} `)) return;
    if (performance.now() > deadline) throw new Error(`${server} has no weight of ${weight}: ${said}`);
    await sleep(LOOK_MS);
  }
}

const SEED = 7;
const GATEWAY = "203.0.113.1";
const V6 = "2001:db8:5::";
const MEMBERS = ["203.0.113.112", "203.0.113.113", `${V6}16`, `${V6}17`];
const OTHERS = ["203.0.113.114", "203.0.113.115", "203.0.113.116", `${V6}18`, `${V6}19`];
const STABLE = "203.0.113.119";
const PORT = 8_090;
const STREAMS = 50;
const PACE = 1_200;
const UPSTREAM_CHANGES = 200;

export const memberChanges: Measure = {
  name: "member-changes",
  rows: [
    { id: "changes", title: "changes of members under load", unit: "changes" },
    { id: "changes requests", title: "requests meanwhile", unit: "requests/s" },
    { id: "changes failed", title: "of them failed", unit: "requests" },
    { id: "changes broken", title: `of ${STREAMS} long-lived connections broken`, unit: "connections" },
    { id: "changes processes", title: "HAProxy processes at the end", unit: "processes" },
    { id: "changes memory", title: "their memory", unit: "MB" },
    { id: "changes time", title: "upload and reload of one change", unit: "ms" },
  ],
  definition: `Random weights, draining, disabling, enabling, adding and removing of IPv4 and IPv6 members with health checks, the same for both agents, each as an upload and a reload, while clients send ${PACE} requests/s if they are answered in time, half of them on connections that they keep, half on new ones. ${STREAMS} long-lived connections are opened, one after every second change, and held. Processes (a master and its workers) and their PSS are those of HAProxy's unit. Upstream's agent makes at most ${UPSTREAM_CHANGES} changes. \`--changes N\` sets the number.`,
  run: async (rig, amount) => {
    await rig.restartAgent();
    await rig.ensureVip();
    await joinTenant(rig);
    const members = await startMembers(PORT);
    try {
      return await changeUnderLoad(
        rig,
        rig.isOurs ? amount.changes : Math.min(amount.changes, UPSTREAM_CHANGES),
      );
    } finally {
      members.kill();
      await rig.act("stop");
      await rig.deleteLoadBalancer();
    }
  },
};

/** Our end of the tenant's network has clients and members, and the amphora an IPv6 address there. */
async function joinTenant(rig: Rig): Promise<void> {
  const members = [...MEMBERS, ...OTHERS, STABLE];
  for (const address of [GATEWAY, ...members]) {
    const length = address.includes(":") ? "64" : "24";
    await host("ip", ["address", "replace", `${address}/${length}`, "dev", "tenant", "nodad"]);
  }
  const inside = [
    "netns",
    "exec",
    NAMESPACE,
    "ip",
    "address",
    "replace",
    `${V6}5/64`,
    "dev",
    "eth1",
    "nodad",
  ];
  await rig.machine.exec("ip", inside);
}

async function changeUnderLoad(rig: Rig, count: number): Promise<Record<string, readonly number[]>> {
  const pool = new ChangingPool(
    { loadBalancer: LOAD_BALANCER, vip: VIP, port: PORT, members: MEMBERS, others: OTHERS, stable: STABLE },
    new Random(SEED),
  );
  await rig.upload(pool.config());
  await rig.act("start");
  const load = await startLoad(VIP, { keepAlive: 16, fresh: 16, streams: 0, pace: PACE });
  const times = await repeat(count, async (index) => {
    pool.change();
    const time = await timed(async () => {
      await rig.upload(pool.config());
      await rig.act("reload");
    });
    if (index % 2 === 1 && index < 2 * STREAMS) await load.openStream();
    return time;
  });
  const { answered, seconds, failures, streams } = await load.seen();
  const pids = await rig.haproxyPids();
  const memory = await Promise.all(pids.map(memoryOf));
  await load.stop();
  process.stderr.write(`bench: failures of ${answered} requests: ${JSON.stringify(failures)}\n`);
  const opened = Math.min(STREAMS, Math.floor(count / 2));
  return {
    changes: [count],
    "changes requests": [answered / seconds],
    "changes failed": [Object.values(failures).reduce((sum, one) => sum + one, 0)],
    "changes broken": [opened - streams],
    "changes processes": [pids.length],
    "changes memory": [memory.reduce((sum, one) => sum + one, 0) / 2 ** 20],
    "changes time": times,
  };
}
