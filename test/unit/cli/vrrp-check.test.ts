/** The two forms of the check: of the program, and of the script that does without Node. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { vrrpCheck } from "../../../agent/cli/vrrp-check.ts";

let directory: string;
const resources = new AsyncDisposableStack();
const asked: string[] = [];
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "vrrp-check-"));
  resources.defer(() => rm(directory, { recursive: true }));
  await Promise.all([serve("answers", "# pxname,svname\n"), serve("silent", ""), serve("hangs", undefined)]);
});
after(() => resources.disposeAsync());

/** @param answer - what the socket says before it closes; undefined: nothing, and it stays open */
async function serve(name: string, answer: string | undefined): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", (question: Buffer) => {
      asked.push(`${name} ${question}`);
      if (answer !== undefined) socket.end(answer);
    });
  });
  server.listen(join(directory, name));
  await once(server, "listening");
  server.unref();
  resources.defer(() => void server.close());
}

const SCRIPT = new URL("../../../agent/cli/haproxy-vrrp-check.sh", import.meta.url).pathname;

/** @returns its exit code; output counts as a failure, since nobody reads it */
async function runScript(sockets: readonly string[]): Promise<number> {
  const script = spawn(SCRIPT, sockets, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [script.stdout, script.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [exitCode] = (await once(script, "close")) as [number];
  assert.equal(output, "");
  return exitCode;
}

const FORMS = { program: vrrpCheck, script: runScript } as const;
const pathsOf = (names: readonly string[]) => names.map((name) => join(directory, name));
const check = (...names: string[]) => vrrpCheck(pathsOf(names));

for (const [sockets, exitCode] of [
  [[], 0],
  [["answers"], 0],
  [["answers", "answers"], 0],
  [["silent"], 1],
  [["silent", "answers", "silent"], 2],
  [["missing"], 1],
  [["silent", "silent", "missing"], 1],
  [Array.from({ length: 256 }, () => "silent"), 255],
] as const) {
  const title = sockets.length > 5 ? `${sockets.length} silent sockets` : sockets.join(", ") || "no socket";
  for (const [form, run] of Object.entries(FORMS)) {
    test(`${form}: ${title}: exit code ${exitCode}`, async () => {
      assert.equal(await run(pathsOf(sockets)), exitCode);
    });
  }
}

for (const [form, run] of Object.entries(FORMS)) {
  test(`${form}: sockets behind one that cannot be asked are not asked`, async () => {
    asked.length = 0;
    await run(pathsOf(["answers", "missing", "silent"]));
    assert.deepEqual(asked, ["answers show stat -1 -1 -1\n"]);
  });

  test(`${form}: a path that is too long for a socket fails, as does one that another program would split`, async () => {
    assert.equal(await run([join(directory, "x".repeat(200))]), 1);
    assert.equal(await run(["-e", join(directory, "answers")]), 1);
    assert.equal(await run([join(directory, "answers answers")]), 1);
  });
}

test("a HAProxy that takes a question and says nothing fails after five seconds", async (t) => {
  asked.length = 0;
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const exitCode = check("hangs");
  // The question is on its way: the mocked clock stands still until it has arrived.
  while (asked.length === 0) await new Promise(setImmediate);
  let ended = false;
  void exitCode.then(() => {
    ended = true;
  });
  t.mock.timers.tick(4_999);
  await new Promise(setImmediate);
  assert.equal(ended, false);
  t.mock.timers.tick(1);
  assert.equal(await exitCode, 1);
});
