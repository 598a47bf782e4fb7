import assert from "node:assert/strict";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "node:test";
import { runningPid } from "../../../agent/system/processes.ts";
import { removeDirectory } from "../../../agent/system/removal.ts";

const OWN_NAME = (await readFile("/proc/self/comm", "utf8")).trim();

for (const [what, text, program, expected] of [
  ["of a living process", `${process.pid}\n`, OWN_NAME, process.pid],
  ["with more lines", `${process.pid}\n1\n`, `/usr/bin/${OWN_NAME}`, process.pid],
  ["of another program's process", `${process.pid}\n`, "/usr/sbin/haproxy", undefined],
  ["of no process", "4194304\n", undefined, undefined],
  ["that is empty", "", undefined, undefined],
  ["that has words", "haproxy\n", undefined, undefined],
  ["of the number 0", "0\n", undefined, undefined],
  ["of a negative number", "-1\n", undefined, undefined],
  ["that leads elsewhere", "self\n", undefined, undefined],
] as const) {
  test(`a pid file ${what} ${expected === undefined ? "names nothing that runs" : "is believed"}`, async (t) => {
    const directory = await mkdtemp(`${tmpdir()}/amphora-pids-`);
    t.after(() => removeDirectory(directory));
    await writeFile(`${directory}/pid`, text);
    assert.equal(await runningPid(`${directory}/pid`, program), expected);
  });
}

test("a pid file that is not there names nothing that runs", async () => {
  assert.equal(await runningPid("/nonexistent/pid"), undefined);
});
