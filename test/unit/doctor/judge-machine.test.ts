/** Clock, file systems, units: judge-clock.ts, judge-files.ts, judge-units.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeClock } from "../../../agent/doctor/judge-clock.ts";
import { type Directory, judgeFiles } from "../../../agent/doctor/judge-files.ts";
import { judgeUnits } from "../../../agent/doctor/judge-units.ts";

const textsOf = (findings: readonly { text: string }[]) => findings.map(({ text }) => text);

test("a clock that nobody is to set is not judged", () => {
  assert.deepEqual(judgeClock(undefined), []);
  assert.deepEqual(judgeClock("NTP=no\nNTPSynchronized=no\n"), []);
});

test("a clock that somebody is to set has to be synchronised", () => {
  assert.deepEqual(judgeClock("NTP=yes\nNTPSynchronized=yes\n"), []);
  assert.equal(judgeClock("NTP=yes\nNTPSynchronized=no\n")[0]?.severity, "warning");
});

function aDirectory(directory: Partial<Directory> = {}): Directory {
  return {
    path: "/var/log",
    readOnly: false,
    availableBytes: 1e9,
    availableFiles: 1_000,
    totalFiles: 10_000,
    ...directory,
  };
}

test("a file system has to be writable, with room for bytes and for files", () => {
  assert.deepEqual(judgeFiles([aDirectory()]), []);
  assert.deepEqual(textsOf(judgeFiles([aDirectory({ readOnly: true, availableBytes: 0 })])), [
    "the file system of /var/log is read-only",
  ]);
  assert.deepEqual(textsOf(judgeFiles([aDirectory({ availableBytes: 1_000 })])), [
    "the file system of /var/log is full",
  ]);
  assert.deepEqual(textsOf(judgeFiles([aDirectory({ availableFiles: 199 })])), [
    "the file system of /var/log has room for 199 more files only",
  ]);
});

test("a file system that counts no files has no limit of them", () => {
  assert.deepEqual(judgeFiles([aDirectory({ availableFiles: 0, totalFiles: 0 })]), []);
});

test("units that have failed, and units that fail again and again, are named with their result", () => {
  const properties = [
    "Id=a.service\nActiveState=active\nSubState=running\nResult=success",
    "Id=b.service\nActiveState=failed\nSubState=failed\nResult=exit-code",
    "Id=c.service\nActiveState=activating\nSubState=auto-restart\nResult=oom-kill",
    "Id=d.service\nActiveState=inactive\nSubState=dead\nResult=success",
  ].join("\n\n");
  assert.deepEqual(textsOf(judgeUnits(`${properties}\n`)), [
    "b.service has failed: exit-code",
    "c.service ends and is started again and again: oom-kill",
  ]);
  assert.deepEqual(judgeUnits(""), []);
});
