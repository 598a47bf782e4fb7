import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { encodeTar } from "../../../agent/doctor/encode-tar.ts";

const MODIFIED = new Date("2026-11-21T12:00:00Z");

function list(archive: Buffer, ...words: string[]): string {
  const { stdout, stderr, status } = spawnSync("tar", [...words, "-f", "-"], {
    input: archive,
    encoding: "utf8",
  });
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout;
}

test("tar reads the names, the modes, the times and the texts", () => {
  const archive = encodeTar(
    [
      { name: "d/empty", text: "" },
      { name: "d/text", text: "größer\n" },
      { name: "d/block", text: "x".repeat(512) },
    ],
    MODIFIED,
  );
  assert.equal(archive.length % 512, 0);
  const lines = list(archive, "-tv", "--utc", "--full-time");
  assert.match(lines, /^-rw------- root\/root +9 2026-11-21 12:00:00 d\/text$/m);
  assert.match(lines, /^-rw------- root\/root +512 2026-11-21 12:00:00 d\/block$/m);
  assert.equal(list(archive, "-xO"), `größer\n${"x".repeat(512)}`);
});

test("a long name is divided at a slash, and one that cannot be is refused", () => {
  const name = `${"a".repeat(60)}/${"b".repeat(60)}/${"c".repeat(30)}`;
  assert.equal(list(encodeTar([{ name, text: "x" }], MODIFIED), "-t"), `${name}\n`);
  assert.throws(() => encodeTar([{ name: "x".repeat(101), text: "" }], MODIFIED), /name too long/);
});
