/**
 * Two amphorae share a VIP, one of them fails, a client goes on: machines that boot a real systemd, with the agent
 * installed as an image has it and driven through its REST API. `--agent upstream` drives Debian's octavia-agent
 * through the same; `--runs N` repeats each failure; `--record FILE` keeps each run, so that the next call goes on where
 * this one ended and its table has the runs of both agents.
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
import { Amphora } from "./amphora.ts";
import { type AmphoraRecord, COOKIE, COOKIE_PORT, type Site, SOURCE_PORT, TIMERS } from "./documents.ts";
import { FAILURES, type Failure } from "./failures.ts";
import { longestOverlap } from "./possession.ts";
import { Probe } from "./probe.ts";
import { type Run, RunRecord } from "./record.ts";

const { values: options } = parseArgs({
  options: {
    agent: { type: "string", default: "ours" },
    runs: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    record: { type: "string" },
  },
});
const only = options.only.split(",");
const isOurs = options.agent === "ours";
const tree = isOurs ? AMPHORA_TREE : BOTH_TREE;

const CLIENT = "203.0.113.99";
const CONTROLLER = "192.0.2.1";
const RECORDS: readonly [AmphoraRecord, AmphoraRecord] = [
  {
    id: "7c1f5f0e-51b5-4a8a-9d0c-6f6f3b1f9d11",
    role: "MASTER",
    lb_network_ip: "192.0.2.11",
    vrrp_ip: "203.0.113.11",
    vrrp_priority: 100,
  },
  {
    id: "7c1f5f0e-51b5-4a8a-9d0c-6f6f3b1f9d12",
    role: "BACKUP",
    lb_network_ip: "192.0.2.12",
    vrrp_ip: "203.0.113.12",
    vrrp_priority: 90,
  },
];
const SITE: Site = {
  vip: "203.0.113.5",
  cidr: "203.0.113.0/24",
  gateway: "203.0.113.1",
  members: [101, 102, 103].map((last) => ({ address: `203.0.113.${last}`, port: 8080 })),
  amphorae: RECORDS,
};
/** For a standby to take the VIP while the other gives it up: they do not wait for each other. */
const HAND_OVER_MS = 500;
/** Checks and skews of the timers that are still running show within this time. */
const STEADY_MS = 2_500;
/** An agent knows of a transition within this time. */
const TRUTH_MS = 1_000;
const TEST_MS = 120_000;
const SETTLED_MS = 500;

const lab = await enterOrSkip("failover", tree);
if (lab) suite(`a pair of amphorae, ${options.agent}`, () => describePair(lab));

function describePair(room: Lab): void {
  let pair: readonly Amphora[] = [];
  const members: Server[] = [];
  const record = new RunRecord(options.agent, options.record);

  before(async () => {
    await room.bridge("mgmt", [`${CONTROLLER}/24`]);
    const addresses = [CLIENT, ...SITE.members.map(({ address }) => address)];
    await room.bridge(
      "tenant",
      addresses.map((address) => `${address}/24`),
    );
    for (const { address, port } of SITE.members) members.push(await serveMember(address, port));
    const built = await buildTree(tree);
    const program = isOurs ? async () => ours : upstream;
    const shared = { tree: built, controller: `${CONTROLLER}:5555`, program, isMovedByHand: !isOurs };
    pair = await Promise.all(RECORDS.map((record) => Amphora.boot(room, { ...shared, record })));
    for (const amphora of pair) await amphora.serve(SITE);
    await settled();
  });

  after(async () => {
    await Promise.all(pair.map((amphora) => amphora.close()));
    for (const member of members) {
      // An amphora that lost its power never closed its own.
      member.closeAllConnections();
      member.close();
    }
    for (const line of record.table(FAILURES.map(({ name }) => name))) console.log(line);
  });

  for (const failure of FAILURES.filter(({ name }) => only.some((word) => name.includes(word)))) {
    test(`${failure.name}: the standby serves, alone`, {
      timeout: TEST_MS * Number(options.runs),
    }, async () => {
      while (record.runsOf(failure.name).length < Number(options.runs)) {
        await record.add(failure.name, await failOver(failure));
      }
      // All of them first: a measurement is not cut short by its worst run.
      if (!isOurs) return;
      for (const run of record.runsOf(failure.name)) judge(run, failure);
    });
  }

  test("sessions keep their member over a failover: by address and by cookie", {
    timeout: TEST_MS,
  }, async () => {
    const [master] = await settled();
    const bySource = await ask(SOURCE_PORT);
    const { member, cookie } = await ask(COOKIE_PORT);
    assert.ok(cookie);
    for (const port of [SOURCE_PORT, COOKIE_PORT]) {
      // Others take their turns, so that staying is no chance.
      for (let turn = 0; turn < 4; turn += 1) await ask(port);
    }
    await master.vrrp("stop");
    await until("the standby", async () => holderAmong(others(master)) !== undefined);
    for (let turn = 0; turn < 6; turn += 1) {
      assert.equal((await ask(SOURCE_PORT)).member, bySource.member);
      assert.equal((await ask(COOKIE_PORT, cookie)).member, member);
    }
    await master.vrrp("start");
    await settled();
  });

  test("a pair that lost sight of each other ends with one master: the one of higher priority", {
    timeout: TEST_MS,
  }, async () => {
    await settled();
    for (const { machine, tenant } of pair) await machine.setIsolated(tenant, "on");
    await until("two masters", async () => pair.every(({ possession }) => possession.since !== undefined));
    if (isOurs) await untilRole(pair, "MASTER");
    const healed = Date.now();
    for (const { machine, tenant } of pair) await machine.setIsolated(tenant, "off");
    await until("one master", async () => pair.some(({ possession }) => possession.since === undefined));
    const [first, second] = pair;
    assert.ok(first && second);
    assert.ok(first.possession.since !== undefined, "the one of higher priority gave the VIP up");
    const together = (second.possession.spans().at(-1)?.[1] ?? Number.POSITIVE_INFINITY) - healed;
    assert.ok(together <= TIMERS.advertisement * 1_000 + HAND_OVER_MS, `two masters for ${together} ms more`);
    if (isOurs) await untilRole([second], "BACKUP");
    await settled();
  });

  /** @returns who has the VIP, and who stands by and could take it */
  async function settled(): Promise<readonly [master: Amphora, standby: Amphora]> {
    let found: readonly [Amphora, Amphora] | undefined;
    let since = performance.now();
    await until("one master, one standby", async () => {
      const roles = await rolesNow();
      if (!roles || roles[0] !== found?.[0]) since = performance.now();
      found = roles;
      return roles !== undefined && performance.now() - since > STEADY_MS;
    });
    if (!found) throw new Error("nobody has the VIP");
    return found;
  }

  async function rolesNow(): Promise<readonly [master: Amphora, standby: Amphora] | undefined> {
    const master = holderAmong(pair);
    const [standby] = master ? others(master) : [];
    if (!master || !standby || !(await standby.standsBy())) return undefined;
    if (isOurs && (await standby.role()) !== "BACKUP") return undefined;
    return (await ask(SOURCE_PORT)).member === "" ? undefined : [master, standby];
  }

  function holderAmong(amphorae: readonly Amphora[]): Amphora | undefined {
    return amphorae.find(({ possession }) => possession.since !== undefined);
  }

  function others(amphora: Amphora): readonly Amphora[] {
    return pair.filter((other) => other !== amphora);
  }

  async function failOver(failure: Failure): Promise<Run> {
    const [master, standby] = await settled();
    const began = Date.now();
    await using probe = new Probe({ host: SITE.vip, port: SOURCE_PORT });
    await sleep(SETTLED_MS);
    const measured = measure(failure, master, standby, probe).finally(() => failure.repair(master, SITE.vip));
    const { gapMs, truthMs } = await measured;
    const [holder] = await settled();
    if (!failure.mayStay)
      assert.equal(holder, standby, "who came back took the VIP, which nopreempt forbids");
    const spans = pair.map(({ possession }) => possession.spans().filter(([, until]) => until >= began));
    const overlapMs = longestOverlap(spans[0] ?? [], spans[1] ?? []);
    return { gapMs, overlapMs, truthMs };
  }

  async function measure(
    failure: Failure,
    master: Amphora,
    standby: Amphora,
    probe: Probe,
  ): Promise<Pick<Run, "gapMs" | "truthMs">> {
    // An orderly end takes its time, and the standby does not wait for it.
    const failing = failure.fail(master);
    const mustMove = !failure.mayStay;
    const truths = isOurs && mustMove ? [truthOf(standby, ["MASTER"], () => standby.possession.since)] : [];
    if (isOurs && failure.rolesAfter) {
      const lost = () =>
        master.possession.since === undefined ? master.possession.spans().at(-1)?.[1] : undefined;
      truths.push(truthOf(master, failure.rolesAfter, lost));
    }
    if (mustMove) await until("the standby", async () => standby.possession.since !== undefined);
    await failing;
    const truthMs = truths.length > 0 ? Math.max(...(await Promise.all(truths))) : undefined;
    await until("an answer", async () => (await ask(SOURCE_PORT)).member !== "");
    await sleep(SETTLED_MS);
    return { gapMs: await probe.stop(), truthMs };
  }
}

function judge({ gapMs, overlapMs, truthMs = 0 }: Run, { longestGapMs }: Failure): void {
  assert.ok(gapMs <= longestGapMs, `no answer for ${gapMs} ms`);
  assert.ok(overlapMs <= HAND_OVER_MS, `both had the VIP for ${overlapMs} ms`);
  assert.ok(truthMs <= TRUTH_MS, `the role was told after ${truthMs} ms`);
}

async function untilRole(amphorae: readonly Amphora[], role: string): Promise<void> {
  for (const amphora of amphorae) {
    await until(`${amphora.machine.name}: ${role}`, async () => (await amphora.role()) === role);
  }
}

/**
 * @param changed - when the role changed, once it has
 * @returns milliseconds from the change until the agent tells it
 */
async function truthOf(
  amphora: Amphora,
  roles: readonly string[],
  changed: () => number | undefined,
): Promise<number> {
  const title = `${amphora.machine.name} tells ${roles.join(" or ")}`;
  await until(title, async () => changed() !== undefined && roles.includes((await amphora.role()) ?? "none"));
  return Math.max(0, Date.now() - (changed() ?? Number.NaN));
}

/** A request on a new connection, without a time limit of the client's system. @throws when there is no answer */
async function ask(port: number, cookie?: string): Promise<{ member: string; cookie: string | undefined }> {
  const answer = await fetch(`http://${SITE.vip}:${port}/`, {
    headers: { connection: "close", ...(cookie && { cookie: `${COOKIE}=${cookie}` }) },
    signal: AbortSignal.timeout(2_000),
  });
  const [, given] = new RegExp(`${COOKIE}=([^;]+)`).exec(answer.headers.get("set-cookie") ?? "") ?? [];
  return { member: await answer.text(), cookie: given };
}

/** Tells its address, and gives each client without a cookie one. */
async function serveMember(address: string, port: number): Promise<Server> {
  let clients = 0;
  const server = createServer((incoming, outgoing) => {
    if (!incoming.headers.cookie) {
      clients += 1;
      outgoing.setHeader("Set-Cookie", `${COOKIE}=${address}-${clients}`);
    }
    outgoing.end(address);
  });
  await new Promise<void>((listening) => server.listen(port, address, listening));
  return server;
}
