import assert from "node:assert/strict";
import { test } from "node:test";
import { run, tryRun } from "../../../agent/system/run.ts";

test("an argument reaches the program as it is, whatever a shell would make of it", async () => {
  const args = ["a b", "$HOME", "`id`", "x;id", "*", "'\"", "", "-n", "a\nb"];
  const { stdout } = await tryRun("printf", ["%s|", ...args]);
  assert.equal(stdout, args.map((arg) => `${arg}|`).join(""));
});

test("a program that does not end is ended, and says so", async () => {
  const started = performance.now();
  const { exitCode, output } = await tryRun("sleep", ["60"], { timeoutMs: 100 });
  assert.notEqual(exitCode, 0);
  assert.match(output, /sleep did not end within 100 ms/);
  assert.ok(performance.now() - started < 5_000);
});

test("a program that fails is an error with its own words, and so is one that is not there", async () => {
  await assert.rejects(run("sh", ["-c", "echo no luck >&2; exit 3"]), {
    code: "commandFailed",
    details: "no luck",
  });
  await assert.rejects(run("/nonexistent/program", []), { code: "commandFailed" });
});

test("a program gets a fixed environment and the input that it is given", async () => {
  assert.match(await run("env", []), /^LC_ALL=C$/m);
  assert.equal(await run("cat", [], { input: "text" }), "text");
});
