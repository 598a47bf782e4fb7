import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { before, test } from "node:test";
import { run } from "../../agent/system/run.ts";
import {
  amphora,
  amphoraOutput,
  assertUntouched,
  machineState,
  privateTemporaryFiles,
  says,
} from "./sandbox-machine.ts";

const UP_TIMEOUT_MS = 30_000;

/** Tells its version, and finds every configuration wrong. */
const BROKEN_HAPROXY = `#!/bin/sh
case "$1" in
  -v) echo "HAProxy version 2.6.12" ;;
  *) echo "this HAProxy is broken"; exit 1 ;;
esac
`;

before(privateTemporaryFiles);

test("stays up for requests by hand until Ctrl-C, and leaves the machine as it was", async () => {
  const machine = await machineState();
  const sandbox = amphora("sandbox");
  await says(sandbox, /Ctrl-C/, UP_TIMEOUT_MS);

  for (const host of ["203.0.113.5", "[2001:db8:1::5]"]) {
    const answer = await amphoraOutput("sandbox", "exec", "--", "curl", "-s", `http://${host}/hello`);
    assert.match(answer.stdout, /^\{"backend":"backend[12]","path":"\/hello"/);
  }
  const { code } = await amphoraOutput("sandbox", "exec", "--", "sh", "-c", "exit 7");
  assert.equal(code, 7, "the command's own exit code");
  const second = await amphoraOutput("sandbox");
  assert.equal(second.code, 1);
  assert.match(second.stderr, /running already/);

  sandbox.child.kill("SIGINT");
  assert.equal(await sandbox.ended, 0, sandbox.output());
  await assertUntouched(machine);
});

test("leaves nothing behind when it is killed", async () => {
  const machine = await machineState();
  const sandbox = amphora("sandbox");
  await says(sandbox, /listener is created/, UP_TIMEOUT_MS);
  sandbox.child.kill("SIGKILL");
  await sandbox.ended;
  await assertUntouched(machine);
  const { code, stderr } = await amphoraOutput("sandbox", "exec", "--", "true");
  assert.equal(code, 1);
  assert.match(stderr, /no sandbox is running/);
});

test("fails with the reason and the agent's log when the load balancer does not work", async () => {
  await withHaproxy(BROKEN_HAPROXY, 0o755, async () => {
    const { code, stdout } = await amphoraOutput("sandbox", "--once");
    assert.equal(code, 1);
    assert.match(stdout, /✗ a listener is created/);
    assert.match(stdout, /this HAProxy is broken/);
    assert.match(stdout, /last log lines:\n.*\{"level"/);
    assert.match(stdout, /The sandbox did NOT hold/);
  });
});

test("names the package that is missing, and starts nothing", async () => {
  await withHaproxy("", 0o644, async () => {
    const { code, stdout, stderr } = await amphoraOutput("sandbox", "--once");
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /missing: haproxy\n.*apt-get install haproxy/);
  });
});

/** Puts something else in HAProxy's place, on this throwaway host. */
async function withHaproxy(content: string, mode: number, work: () => Promise<void>): Promise<void> {
  await writeFile("/tmp/haproxy", content);
  await chmod("/tmp/haproxy", mode);
  await run("mount", ["--bind", "/tmp/haproxy", "/usr/sbin/haproxy"]);
  try {
    await work();
  } finally {
    await run("umount", ["/usr/sbin/haproxy"]);
  }
}
