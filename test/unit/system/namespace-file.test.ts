import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readNamespaceFile } from "../../../agent/system/namespace-file.ts";

const OWN = "/proc/self/ns/net";
const NO_PROCESS = 2 ** 22 + 1;

suite("files of another network namespace", () => {
  test("are read through a process that lives there", async () => {
    const text = await readNamespaceFile(process.pid, OWN, "dev");
    assert.match(text?.toString("latin1") ?? "", /^ *lo:/m);
  });

  test("are not there through a process of another namespace, or one that has ended", async () => {
    assert.equal(await readNamespaceFile(process.pid, "/proc/self/ns/uts", "dev"), undefined);
    assert.equal(await readNamespaceFile(NO_PROCESS, OWN, "dev"), undefined);
    assert.equal(await readNamespaceFile(process.pid, "/nowhere", "dev"), undefined);
    assert.equal(await readNamespaceFile(process.pid, OWN, "no-such-file"), undefined);
  });
});
