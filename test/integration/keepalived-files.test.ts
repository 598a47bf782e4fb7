/** The files of keepalived on a throwaway host: whole or not at all, with their modes, one change at a time. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { lvsLayout } from "../../agent/lvs/layout.ts";
import { parseObjectId } from "../../agent/object-id.ts";
import { Exclusive } from "../../agent/supervisor/exclusive.ts";
import { createVrrpChecks } from "../../agent/vrrp/checks.ts";
import { vrrpLayout } from "../../agent/vrrp/layout.ts";
import type { Checked } from "../../agent/vrrp/plan-checks.ts";
import { anAgent, BASE } from "./loadbalancer-host.ts";

const run = promisify(execFile);
const id = parseObjectId("71012cc1-3a6c-4edc-bc23-bf857b818226");
assert.ok(id);
const lvs = lvsLayout(BASE, id);
const vrrp = vrrpLayout(BASE);
const agent = await anAgent("ACTIVE_STANDBY");
after(() => agent.supervisor.close());

const mode = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8);
const text = (length: number) => Buffer.alloc(length, "# a comment of keepalived's configuration\n");

// The first one here: a template that has been read once is not read again.
test("an image without the health check refuses a listener in the framework's words, and stores nothing", async () => {
  const templates = new URL("../../templates/", import.meta.url).pathname;
  await run("mount", ["-t", "tmpfs", "none", templates]);
  try {
    await assert.rejects(agent.lvsListeners.upload(id, text(10)), {
      status: 409,
      body: { error: `409 Conflict: udp_check.sh not Found for UDP Listener ${id}`, http_code: 409 },
    });
  } finally {
    await run("umount", [templates]);
  }
  await assert.rejects(stat(lvs.directory), { code: "ENOENT" });
});

for (const [what, directory, config, upload] of [
  ["VRRP", vrrp.directory, vrrp.config, (bytes: Buffer) => agent.vrrp.upload(bytes)],
  ["an LVS listener", lvs.directory, lvs.config, (bytes: Buffer) => agent.lvsListeners.upload(id, bytes)],
] as const) {
  test(`a full disk leaves the configuration of ${what} as it was, and nothing beside it`, async () => {
    await mkdir(directory, { recursive: true });
    await run("mount", ["-t", "tmpfs", "-o", "size=128k,mode=0755", "small", directory]);
    try {
      await upload(text(20_000));
      const names = await readdir(directory);
      await assert.rejects(upload(text(200_000)), { code: "ENOSPC" });
      assert.deepEqual(await readFile(config), text(20_000));
      assert.deepEqual(await readdir(directory), names);
      await upload(text(30_000));
      assert.deepEqual(await readFile(config), text(30_000));
    } finally {
      // At once, although the supervisor may just be reading a file of it.
      await run("umount", ["--lazy", directory]);
    }
  });

  test(`the configuration of ${what} that is stored already is left alone, but gets its mode back`, async () => {
    await upload(text(100));
    const before = await stat(config);
    await upload(text(100));
    assert.equal((await stat(config)).ino, before.ino);
    await chmod(config, 0o666);
    await upload(text(100));
    assert.equal(await mode(config), "644");
  });

  test(`of uploads of ${what} that come together the last one stays, whole`, async () => {
    const sizes = Array.from({ length: 20 }, (_, index) => 50_000 - 1_000 * index);
    await Promise.all(sizes.map((size) => upload(text(size))));
    assert.deepEqual(await readFile(config), text(31_000));
    assert.ok((await readdir(directory)).every((name) => !name.endsWith(".tmp")));
  });
}

test("a health check that somebody changed is written again, with its mode", async () => {
  const script = `${lvs.directory}/check/udp_check.sh`;
  const before = await readFile(script);
  await writeFile(script, "exit 0");
  await chmod(script, 0o600);
  await agent.lvsListeners.upload(id, text(10));
  assert.deepEqual(await readFile(script), before);
  assert.equal(await mode(script), "755");
});

test("of updates of the checks that come together the last one knows the most", async () => {
  const states: Checked[] = [
    { sockets: ["/a.sock"], hasLvsListeners: false },
    { sockets: [], hasLvsListeners: true },
    { sockets: ["/a.sock", "/b.sock"], hasLvsListeners: true },
  ];
  const asked = [...states];
  const first = Promise.withResolvers<void>();
  const checks = createVrrpChecks({
    basePath: BASE,
    lvsDirectory: lvs.directory,
    checked: async () => {
      const state = asked.shift();
      assert.ok(state);
      // The first one takes its time to find out.
      if (state === states[0]) await first.promise;
      return state;
    },
    exclusive: new Exclusive(),
    logger: agent.logger,
  });
  const updates = states.map(() => checks.update());
  await new Promise(setImmediate);
  assert.equal(asked.length, 2, "the others wait for it");
  first.resolve();
  await Promise.all(updates);
  assert.equal(await readFile(vrrp.haproxyCheck, "utf8"), "haproxy-vrrp-check /a.sock /b.sock; exit $?");
});

test("checks are only kept up to date where keepalived has been configured", async () => {
  await rm(vrrp.checkScript);
  await writeFile(vrrp.haproxyCheck, "exit 0");
  await agent.vrrpChecks.updateIfUsed();
  assert.equal(await readFile(vrrp.haproxyCheck, "utf8"), "exit 0");
});
