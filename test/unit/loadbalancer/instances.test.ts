import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { createInstances } from "../../../agent/loadbalancer/instances.ts";
import { POOLS_COMMAND } from "../../../agent/loadbalancer/stats-parse.ts";
import { removeDirectory } from "../../../agent/system/removal.ts";

const SERVES = "global\n stats socket /run/li.sock\nfrontend li\n mode tcp\n bind 10.0.0.1:80\n";
const POOLS =
  "# pxname,svname,scur,stot,bin,bout,ereq,status,weight,\np,m,0,0,0,0,,UP,0,\np,n,0,0,0,0,,DOWN,1,\np,BACKEND,0,0,0,0,,DOWN,1,\n";

/** One listener, `li`, whose HAProxy is played by this process. */
async function aListener(t: TestContext, config: string, pid?: string) {
  const basePath = await mkdtemp(`${tmpdir()}/amphora-instances-`);
  t.after(() => removeDirectory(basePath));
  await mkdir(`${basePath}/li`);
  await writeFile(`${basePath}/li/haproxy.cfg`, config);
  if (pid !== undefined) await writeFile(`${basePath}/li/li.pid`, pid);
  const asked: string[] = [];
  const instances = createInstances({
    basePath,
    haproxyCmd: (await readFile("/proc/self/comm", "utf8")).trim(),
    ask: async (socket, command) => {
      asked.push(socket);
      assert.equal(command, POOLS_COMMAND);
      return Buffer.from(`${POOLS}\n`);
    },
  });
  return { instances, asked };
}

const RUNNING = `${process.pid}\n`;

for (const [what, config, pid, status, type] of [
  ["without a pid file is offline", SERVES, undefined, "OFFLINE", ""],
  ["whose process has ended is in error", SERVES, "4194304\n", "ERROR", ""],
  ["whose pid is another program's is in error", SERVES, "1\n", "ERROR", ""],
  ["without a frontend is offline", "global\n", RUNNING, "OFFLINE", ""],
  ["that serves is active", SERVES, RUNNING, "ACTIVE", "TCP"],
  ["with HTTP says so", SERVES.replace("tcp", "http"), RUNNING, "ACTIVE", "HTTP"],
  [
    "with one certificate terminates TLS",
    SERVES.replace(":80", ":443 ssl crt /c.pem"),
    RUNNING,
    "ACTIVE",
    "TERMINATED_HTTPS",
  ],
  [
    "with a list of certificates terminates TLS",
    SERVES.replace(":80", ":443 ssl crt-list /c.pem"),
    RUNNING,
    "ACTIVE",
    "TERMINATED_HTTPS",
  ],
] as const) {
  test(`a listener ${what}`, async (t) => {
    const { instances } = await aListener(t, config, pid);
    assert.deepEqual(await instances.listeners(), [{ status, uuid: "li", type }]);
  });
}

test("one active listener is shown with its pools, as its own socket tells them", async (t) => {
  const { instances, asked } = await aListener(t, SERVES, RUNNING);
  assert.deepEqual(await instances.show("li"), {
    status: "ACTIVE",
    uuid: "li",
    type: "TCP",
    pools: [{ key: "p", status: "DOWN", members: { m: "DRAIN", n: "DOWN" } }],
  });
  assert.deepEqual(new Set(asked), new Set(["/run/li.sock"]));
});

test("a listener that does not serve is shown without asking for pools, and an unknown one not at all", async (t) => {
  const { instances, asked } = await aListener(t, SERVES);
  assert.deepEqual(await instances.show("li"), { status: "OFFLINE", uuid: "li", type: "" });
  for (const id of ["lj", "..", "certs", ""]) assert.equal(await instances.show(id), undefined);
  assert.deepEqual(asked, []);
});
