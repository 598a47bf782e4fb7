import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { watchDirectory } from "../../../agent/system/watched-directory.ts";

const DEADLINE_MS = 5_000;

async function aDirectory(t: { after: (done: () => Promise<void>) => void }): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "watched-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

function watched(path: string) {
  const directory = watchDirectory(path, (name) => name.startsWith("ignored"), pino({ enabled: false }));
  const until = async (wanted: readonly string[]) => {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const { directories, others } = await directory.names();
      const names = [...directories, ...others].sort();
      if (JSON.stringify(names) === JSON.stringify(wanted)) return;
      assert.ok(Date.now() < deadline, `${JSON.stringify(names)} instead of ${JSON.stringify(wanted)}`);
      await sleep(10);
    }
  };
  return { directory, until };
}

test("sees what comes and goes", async (t) => {
  const path = await aDirectory(t);
  const { directory, until } = watched(path);
  t.after(() => directory.close());
  await until([]);
  await mkdir(`${path}/a`);
  await writeFile(`${path}/a.sock`, "");
  await until(["a", "a.sock"]);
  await rm(`${path}/a`, { recursive: true });
  await until(["a.sock"]);
});

test("is not disturbed by names that do not matter", async (t) => {
  const path = await aDirectory(t);
  const { directory, until } = watched(path);
  t.after(() => directory.close());
  await until([]);
  const before = await directory.names();
  await writeFile(`${path}/ignored.tmp`, "");
  await sleep(50);
  assert.equal(await directory.names(), before);
});

test("finds a directory that appears later, and one that takes its place", async (t) => {
  const path = await aDirectory(t);
  const { directory, until } = watched(`${path}/state`);
  t.after(() => directory.close());
  await until([]);
  await mkdir(`${path}/state/x`, { recursive: true });
  await until(["x"]);
  await rename(`${path}/state`, `${path}/old`);
  await mkdir(`${path}/state/y`, { recursive: true });
  await until(["y"]);
});
