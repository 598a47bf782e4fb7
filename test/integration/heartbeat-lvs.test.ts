/** LVS listeners in heartbeats, as far as a kernel without `ip_vs` shows them. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { pino } from "pino";
import { NAMESPACE, NAMESPACE_HANDLE } from "../../agent/config/paths.ts";
import { withLvs } from "../../agent/heartbeat/lvs-source.ts";
import { createStatsReader } from "../../agent/loadbalancer/read-stats.ts";
import { createKernelReader } from "../../agent/lvs/read-kernel.ts";
import { LvsStatistics } from "../../agent/lvs/read-statistics.ts";
import { readNamespaceFile } from "../../agent/system/namespace-file.ts";
import { run } from "../../agent/system/run.ts";
import { watchDirectory } from "../../agent/system/watched-directory.ts";
import { aBase, anIdleProcess, HealthManager, startHeartbeat, until } from "./heartbeat-host.ts";

const LISTENER = "11111111-1111-4111-8111-111111111111";

test("a listener is in the heartbeats while its keepalived runs, from the first one after its files are there", async () => {
  const base = await aBase();
  const file = `${base}/lvs/octavia-keepalivedlvs-${LISTENER}`;
  const log = pino({ enabled: false });
  const state = watchDirectory(base, () => false, log);
  const lvs = watchDirectory(`${base}/lvs`, () => false, log);
  await using manager = await HealthManager.listen();
  await using agent = startHeartbeat(
    { basePath: base, controllerIpPortList: [manager.entry] },
    {
      stats: withLvs(
        createStatsReader(() => base),
        async () =>
          new LvsStatistics({ basePath: base, names: lvs.names, readKernel: createKernelReader(run) }),
      ),
    },
  );
  assert.deepEqual((await manager.next(1))[0]?.message.listeners, {});
  await mkdir(`${base}/lvs`);
  await writeFile(`${file}.conf`, `# Configuration for Listener ${LISTENER}\n`);
  const keepalived = await anIdleProcess();
  await writeFile(`${file}.pid`, `${keepalived.pid}\n`);
  const message = await manager.nextWith(({ listeners }) => LISTENER in listeners);
  assert.deepEqual(message.listeners[LISTENER], {
    status: "OPEN",
    stats: { tx: 0, rx: 0, conns: 0, totconns: 0, ereq: 0 },
  });
  await writeFile(`${file}.conf`, `# Listener ${LISTENER} is disabled\n`);
  await manager.nextWith(({ listeners }) => !(LISTENER in listeners));
  await writeFile(`${file}.conf`, "virtual_server_group g {\n    192.0.2.1 53\n}\n");
  await until(() => agent.log.some((line) => line.includes("heartbeat.build.failed")));
  await keepalived.end();
  await manager.nextWith(({ listeners }) => !(LISTENER in listeners));
  state.close();
  lvs.close();
  await rm(base, { recursive: true });
});

test("the kernel's files are those of the namespace that the process lives in", async () => {
  const ip = (...args: string[]) => assert.equal(spawnSync("ip", args).status, 0, args.join(" "));
  ip("netns", "add", NAMESPACE);
  ip("-n", NAMESPACE, "link", "add", "inside0", "type", "veth", "peer", "inside1");
  const inside = spawn("nsenter", [`--net=${NAMESPACE_HANDLE}`, "--", "sleep", "600"], { stdio: "ignore" });
  await once(inside, "spawn");
  const outside = await anIdleProcess();
  const names = async (pid = 0) =>
    (await readNamespaceFile(pid, NAMESPACE_HANDLE, "dev"))?.toString("latin1");
  await until(async () => /inside0:/.test((await names(inside.pid)) ?? ""));
  assert.equal(await names(outside.pid), undefined);
  await outside.end();
  inside.kill();
  await once(inside, "exit");
  assert.equal(await names(inside.pid), undefined);
  ip("netns", "del", NAMESPACE);
});
