/** keepalived through the REST API of the real daemon, which runs it itself here. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { KEEPALIVED } from "../../agent/config/paths.ts";
import { runningPid } from "../../agent/system/processes.ts";
import { startDaemon } from "./daemon.ts";
import { until } from "./loadbalancer-host.ts";

const LI = "71012cc1-3a6c-4edc-bc23-bf857b818226";
const BASE = "/var/lib/octavia";
const CONFIG = "# nothing to do, which keepalived waits with\n";
const FILES = [`${BASE}/vrrp/octavia-keepalived.pid`, `${BASE}/lvs/octavia-keepalivedlvs-${LI}.pid`];

const pids = () => Promise.all(FILES.map((file) => runningPid(file, KEEPALIVED)));

test("keepalived outlives a daemon that is killed, and the next one answers for it", async () => {
  let before: (number | undefined)[];
  {
    await using daemon = await startDaemon();
    const ask = async (method: string, path: string, body?: string) => {
      const answer = await daemon.client.ask(method, path, body === undefined ? {} : { body });
      return [answer.status, answer.body];
    };
    assert.deepEqual(await ask("PUT", "/1.0/vrrp/upload", CONFIG), [200, '{"message":"OK"}']);
    assert.deepEqual(await ask("PUT", `/1.0/listeners/amp/${LI}/udp_listener`, CONFIG), [
      200,
      '{"message":"OK"}',
    ]);
    assert.deepEqual(await ask("PUT", "/1.0/vrrp/start"), [
      202,
      '{"message":"OK","details":"keepalived started"}',
    ]);
    assert.deepEqual(await ask("PUT", `/1.0/loadbalancer/${LI}/reload`), [
      202,
      `{"message":"OK","details":"keepalivedlvs listener ${LI} restarted"}`,
    ]);
    assert.deepEqual(await ask("PUT", "/1.0/vrrp/haproxy"), [
      400,
      '{"message":"Invalid Request","details":"Unknown action: haproxy"}',
    ]);
    assert.deepEqual(await ask("GET", "/1.0/listeners"), [
      200,
      `[{"status":"OFFLINE","uuid":"${LI}","type":"UDP"}]`,
    ]);
    before = await pids();
    assert.ok(before.every((pid) => pid !== undefined));
    process.kill(daemon.pid, "SIGKILL");
  }
  assert.deepEqual(await pids(), before);
  await using daemon = await startDaemon();
  await until(async () =>
    (await daemon.client.ask("PUT", "/1.0/vrrp/START")).body.includes("keepalived reloaded"),
  );
  assert.deepEqual(await pids(), before);
  const details = JSON.parse((await daemon.client.ask("GET", "/1.0/details")).body) as object;
  assert.partialDeepStrictEqual(details, { lvs_listener_process_count: 1, listeners: [LI] });
  assert.equal((await daemon.client.ask("DELETE", `/1.0/listeners/${LI}`)).status, 200);
  assert.equal((await daemon.client.ask("PUT", "/1.0/vrrp/stop")).status, 202);
  assert.deepEqual(await pids(), [undefined, undefined]);
});
