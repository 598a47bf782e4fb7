import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { replaceFile } from "../../../agent/system/files.ts";
import { removeDirectory } from "../../../agent/system/removal.ts";

const FILES = new URL("../../../agent/system/files.ts", import.meta.url).href;

async function aDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(`${tmpdir()}/amphora-files-`);
  t.after(() => removeDirectory(directory));
  return directory;
}

test("a replaced file has the mode that was asked for, whatever the old one had and the umask says", async (t) => {
  const file = `${await aDirectory(t)}/file`;
  await writeFile(file, "old");
  await chmod(file, 0o666);
  for (const mode of [0o600, 0o644, 0o755]) {
    await replaceFile(file, "new", mode);
    assert.equal((await stat(file)).mode & 0o777, mode);
  }
});

test("a write that fails leaves the old file, and nothing beside it", async (t) => {
  const directory = await aDirectory(t);
  const file = `${directory}/file`;
  await replaceFile(file, "old", 0o600);
  await assert.rejects(replaceFile(file, { not: "bytes" } as never, 0o644));
  assert.equal(await readFile(file, "utf8"), "old");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(directory), ["file"]);
});

test("a writer that is killed at any moment leaves a whole file", async (t) => {
  const directory = await aDirectory(t);
  const file = `${directory}/file`;
  const size = 4 * 1024 * 1024;
  await replaceFile(file, "0".repeat(size), 0o600);
  const script = `import { replaceFile } from ${JSON.stringify(FILES)};
    console.log("ready");
    for (let n = 0; ; n = (n + 1) % 10) await replaceFile(${JSON.stringify(file)}, String(n).repeat(${size}), 0o600);`;
  for (let round = 0; round < 8; round++) {
    const writer = spawn(process.execPath, ["--input-type=module", "-e", script]);
    await once(writer.stdout, "data");
    await delay(Math.random() * 40);
    writer.kill("SIGKILL");
    await once(writer, "exit");
    const text = await readFile(file, "latin1");
    assert.equal(text.length, size);
    assert.equal(text, text.charAt(0).repeat(size));
  }
});
