/** Changes of members, and reloads, under load: nobody notices. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { parseOldWorkers } from "../../agent/loadbalancer/runtime/parse-old-workers.ts";
import { run } from "../../agent/system/run.ts";
import { ask } from "../../agent/system/unix-socket.ts";
import { median } from "../bench/statistics.ts";
import { AMPHORA, anAgent, filesOf, furnish, until, VIP } from "../integration/loadbalancer-host.ts";
import { ChangingPool } from "./changing-pool.ts";
import { IS_FULL, SEED } from "./form.ts";
import { type Load, startLoad, startMembers } from "./load-client.ts";
import { Random } from "./random.ts";

const LB = "4d0b9f3c-97d4-4c53-a8c0-2d8f3a1d8c11";
const CHANGES = IS_FULL ? 1_000 : 60;
const RELOADS = IS_FULL ? 1_000 : 15;
const STREAMS = 50;
const LOAD = { keepAlive: 16, fresh: 16, streams: STREAMS, pace: IS_FULL ? 1_500 : 1_200 };
const PROGRESS_EVERY = IS_FULL ? 50 : 20;
const PORT = 8_090;
const files = filesOf(LB);
const pool = new ChangingPool(
  {
    loadBalancer: LB,
    vip: VIP,
    port: PORT,
    members: ["10.0.0.12", "10.0.0.13", "2001:db8:5::16", "2001:db8:5::17"],
    others: [..."45678"].map((digit) => `10.0.0.1${digit}`).concat("2001:db8:5::18", "2001:db8:5::19"),
    stable: "10.0.0.19",
  },
  new Random(SEED),
);

const host = await furnish();
const agent = await anAgent();
const { loadBalancers } = agent;
for (let number = 12; number < 20; number += 1)
  await run("ip", ["address", "add", `10.0.0.${number}/32`, "dev", "lo"]);
await run("ip", ["-6", "address", "add", "2001:db8:5::1/64", "dev", "outside", "nodad"]);
await run("ip", [
  ..."netns exec amphora-haproxy ip -6 address add 2001:db8:5::5/64 dev eth1 nodad".split(" "),
]);
for (let number = 16; number < 20; number += 1)
  await run("ip", ["-6", "address", "add", `2001:db8:5::${number}/64`, "dev", "outside", "nodad"]);
const members = await startMembers(PORT);
after(async () => {
  await loadBalancers.delete(LB);
  members.kill();
  await agent.supervisor.close();
  await host[Symbol.asyncDispose]();
});

async function apply(text: string): Promise<void> {
  await loadBalancers.upload(AMPHORA, LB, Buffer.from(text));
  await loadBalancers.act(LB, "reload");
}

const processes = async () =>
  (await ask(files.masterSocket, "show proc;quit", { timeoutMs: 5_000 })).toString("utf8");
const oldWorkers = async () => parseOldWorkers(await processes());

/** Resident memory of HAProxy's master and all its workers, in MB. */
async function megabytes(): Promise<number> {
  const pids = [...(await processes()).matchAll(/^(\d+)\s+(?:master|worker)\s/gm)].map(([, pid]) => pid);
  const kilobytes = await Promise.all(
    pids.map(async (pid) =>
      Number(
        /^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, "utf8").catch(() => ""))?.[1] ?? 0,
      ),
    ),
  );
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1_024;
}

/** A line now and then: the long form takes its time. */
async function tell(done: number, load: Load): Promise<void> {
  if (done % PROGRESS_EVERY !== 0) return;
  const { answered, seconds, failures, streams } = await load.seen();
  const rate = Math.round(answered / seconds);
  console.log(
    `${done} done, ${Math.round(seconds)} s, ${answered} requests, ${rate}/s, ${streams} streams, old workers ${(await oldWorkers()).length}, ${(await megabytes()).toFixed(0)} MB, failures ${JSON.stringify(failures)}`,
  );
}

test(`${CHANGES} changes of members under load: no failure, no broken connection`, async (t) => {
  await loadBalancers.upload(AMPHORA, LB, Buffer.from(pool.config()));
  await loadBalancers.act(LB, "start");
  const load = await startLoad(VIP, LOAD);
  const durations: number[] = [];
  for (let count = 1; count <= CHANGES; count += 1) {
    pool.change();
    const startedAt = performance.now();
    await apply(pool.config());
    durations.push(performance.now() - startedAt);
    await tell(count, load);
  }
  const { answered, seconds, failures, streams } = await load.stop();
  const ways = [...agent.changes].map(([how, count]) => `${count} ${how}`).join(", ");
  t.diagnostic(
    `${answered} requests (${Math.round(answered / seconds)}/s), ${ways}; a change in ${Math.round(median(durations))} ms, the longest in ${Math.round(Math.max(...durations))} ms; HAProxy ${(await megabytes()).toFixed(0)} MB`,
  );
  assert.deepEqual(failures, {});
  assert.equal(streams, STREAMS);
  // A machine that is slow for others' sake may have made HAProxy late to answer: then a reload is right.
  if (IS_FULL) assert.deepEqual([agent.changes.get("reload") ?? 0, await oldWorkers()], [0, []]);
  else t.diagnostic(`${(await oldWorkers()).length} old workers`);
});

test(`${RELOADS} reloads under load, half on new connections and half on kept ones: no failure`, async (t) => {
  const load = await startLoad(VIP, LOAD);
  const before = await megabytes();
  let [most, highest] = [0, before];
  for (let count = 1; count <= RELOADS; count += 1) {
    await apply(pool.config(40_000 + (count % 2)));
    most = Math.max(most, (await oldWorkers()).length);
    highest = Math.max(highest, await megabytes());
    const { answered } = await load.seen();
    await until(async () => (await load.seen()).answered > answered + 20);
    await tell(count, load);
  }
  const { answered, seconds, failures, streams } = await load.stop();
  t.diagnostic(
    `${answered} requests (${Math.round(answered / seconds)}/s), ${agent.changes.get("reload")} reloads, at most ${most} old workers at once; HAProxy ${before.toFixed(0)} MB before, at most ${highest.toFixed(0)} MB, at the end ${(await megabytes()).toFixed(0)} MB`,
  );
  assert.deepEqual(failures, {});
  assert.equal(streams, STREAMS);
});
