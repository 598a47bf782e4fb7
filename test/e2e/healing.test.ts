/**
 * A running amphora is broken from inside, and nobody calls it: is it whole again, and when. Machines that boot a real
 * systemd, with the agent installed as an image has it; `--agent upstream` breaks one with Debian's octavia-agent in the
 * same ways. `--patience SECONDS` is how long is waited until it is "never"; `--record FILE` as in failover.test.ts.
 */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { BOTH_TREE, ours, upstream } from "../bed/agents.ts";
import { AMPHORA_TREE } from "../bed/amphora.ts";
import type { Lab } from "../bed/lab.ts";
import { buildTree } from "../bed/tree.ts";
import { enterOrSkip, until } from "../integration/systemd-lab.ts";
import { Amphora, HAPROXY_UNIT, VRRP_UNIT } from "./amphora.ts";
import {
  BREAKAGES_OF_PAIR,
  type Breakage,
  breakagesOfSingle,
  PID_FILE,
  UNITS,
  VRRP_DIRECTORY,
} from "./breakages.ts";
import { type AmphoraRecord, type Site, SOURCE_PORT } from "./documents.ts";
import { RepairRecord } from "./repair-record.ts";

const { values: options } = parseArgs({
  options: {
    agent: { type: "string", default: "ours" },
    only: { type: "string", default: "" },
    patience: { type: "string", default: "90" },
    record: { type: "string" },
  },
});
const only = options.only.split(",");
const isOurs = options.agent === "ours";
const tree = isOurs ? AMPHORA_TREE : BOTH_TREE;
const patienceMs = Number(options.patience) * 1_000;

const CONTROLLER = "192.0.2.1";
const CLIENT = "203.0.113.99";
const MEMBER = { address: "203.0.113.101", port: 8080 };
const LOOK_MS = 100;
const TEST_MS = 300_000;

const lab = await enterOrSkip("self-healing", tree);
if (lab) {
  const record = new RepairRecord(options.agent, options.record, Number(options.patience));
  suite(`a broken amphora, ${options.agent}`, () => {
    let member: Server;
    before(async () => {
      await lab.bridge("mgmt", [`${CONTROLLER}/24`]);
      await lab.bridge("tenant", [`${CLIENT}/24`, `${MEMBER.address}/24`, "203.0.113.1/24"]);
      member = createServer((_, answer) => answer.end("served"));
      await new Promise<void>((listening) => member.listen(MEMBER.port, MEMBER.address, listening));
    });
    after(() => {
      member.closeAllConnections();
      member.close();
      for (const line of record.table()) console.log(line);
    });
    describePlace(lab, record, { topology: "SINGLE", last: 11, breakages: breakagesOfSingle("203.0.113.5") });
    describePlace(lab, record, { topology: "ACTIVE_STANDBY", last: 12, breakages: BREAKAGES_OF_PAIR });
  });
}

interface Place {
  readonly topology: "SINGLE" | "ACTIVE_STANDBY";
  /** Of its addresses and its VIP. */
  readonly last: number;
  readonly breakages: readonly Breakage[];
}

function describePlace(room: Lab, record: RepairRecord, { topology, last, breakages }: Place): void {
  const site = siteOf(last);
  const isShared = topology === "ACTIVE_STANDBY";
  let amphora: Amphora | undefined;
  let wanted = "";
  let booted = 0;

  for (const breakage of breakages.filter(({ name }) => only.some((word) => name.includes(word)))) {
    if (record.has(breakage.name)) continue;
    test(`${breakage.name}: whole again`, { timeout: TEST_MS + patienceMs }, async () => {
      amphora ??= await fresh();
      const { machine } = amphora;
      // Repairs of the same thing slow down, so each begins with a calm amphora.
      await machine.exec("sh", ["-c", breakage.damage]);
      const broken = performance.now();
      const [served, whole] = await Promise.all([
        within(() => serves(site)),
        within(async () => (await snapshot(amphora)) === wanted && (await serves(site))),
      ]);
      await record.add(breakage.name, {
        servesAfter: served && (served - broken) / 1_000,
        wholeAfter: whole && (whole - broken) / 1_000,
      });
      if (whole !== undefined) return;
      const difference = `wanted\n${wanted}\nfound\n${await snapshot(amphora).catch(String)}`;
      await amphora.close();
      amphora = undefined;
      if (isOurs) assert.fail(`${breakage.name}: not within ${options.patience} s\n${difference}`);
    });
  }

  after(() => amphora?.close());

  async function fresh(): Promise<Amphora> {
    booted += 1;
    const made = await Amphora.boot(room, {
      tree: await buildTree(tree),
      controller: `${CONTROLLER}:5555`,
      program: isOurs ? async () => ours : upstream,
      isMovedByHand: !isOurs,
      record: site.amphorae[0] ?? assert.fail(),
      topology,
      diskSize: "16m",
      name: `a${last}-${booted}`,
    });
    await (isShared ? made.serve(site) : made.serveAlone(site));
    await until("a load balancer that serves", () => serves(site));
    // As at boot, where the namespace's unit brings its settings.
    await sleep(SETTLED_MS);
    wanted = await snapshot(made);
    return made;
  }

  /** What an amphora is made of, as lines; those of two moments are the same when it is whole. */
  async function snapshot(of: Amphora | undefined): Promise<string> {
    return (await of?.machine.exec("sh", ["-c", SNAPSHOT])) ?? "";
  }
}

/** What comes up by itself after the first traffic. */
const SETTLED_MS = 3_000;

/** The kernel's own entries and what stands in for them, and times, are left out. */
const INSIDE = "ip netns exec amphora-haproxy";
const SNAPSHOT = `
exec 2>&1
for f in -4 -6; do
  ip -n amphora-haproxy $f -o address show dev eth1 scope global | sed 's/.*inet/inet/; s/eth1:[0-9]*/eth1/; s/valid_lft.*//' | sort
  ip -n amphora-haproxy $f route show table all | grep -v 'table local' | grep -v 'proto kernel' | grep -v '^203.0.113.0/24 dev eth1 proto static scope link' | sort
  ip -n amphora-haproxy $f rule show | sort
done
ip -n amphora-haproxy -o link show eth1 | grep -o 'mtu [0-9]*\\|,UP' | sort
${INSIDE} sysctl net.ipv4.ip_forward net.ipv4.ip_nonlocal_bind
${INSIDE} nft list ruleset
for unit in ${HAPROXY_UNIT} ${VRRP_UNIT}; do systemctl is-active $unit; done
ls ${PID_FILE} ${UNITS}/${HAPROXY_UNIT} ${UNITS}/${VRRP_UNIT} ${VRRP_DIRECTORY}/check_script.sh ${VRRP_DIRECTORY}/check_scripts
true
`;

/** @returns when the condition held, in milliseconds of `performance`; undefined for not in time */
async function within(condition: () => Promise<boolean>): Promise<number | undefined> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    if (await condition().catch(() => false)) return performance.now();
    await sleep(LOOK_MS);
  }
  return undefined;
}

async function serves({ vip }: Site): Promise<boolean> {
  const answer = await fetch(`http://${vip}:${SOURCE_PORT}/`, {
    headers: { connection: "close" },
    signal: AbortSignal.timeout(1_000),
  });
  return (await answer.text()) === "served";
}

function siteOf(last: number): Site {
  const record: AmphoraRecord = {
    id: `7c1f5f0e-51b5-4a8a-9d0c-6f6f3b1f9d${last}`,
    role: "MASTER",
    lb_network_ip: `192.0.2.${last}`,
    vrrp_ip: `203.0.113.${last}`,
    vrrp_priority: 100,
  };
  const other: AmphoraRecord = {
    ...record,
    id: "7c1f5f0e-51b5-4a8a-9d0c-6f6f3b1f9d99",
    role: "BACKUP",
    vrrp_ip: "203.0.113.98",
    vrrp_priority: 90,
  };
  return {
    vip: `203.0.113.${last - 6}`,
    cidr: "203.0.113.0/24",
    gateway: "203.0.113.1",
    members: [MEMBER],
    amphorae: [record, other],
  };
}
