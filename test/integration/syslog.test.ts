/** The log's way to a syslog that is started after the agent, as in the image. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openSyslog } from "../../agent/system/syslog.ts";

test("lines that are written before syslog's socket is there arrive, in order", async () => {
  const directory = await mkdtemp(join(tmpdir(), "amphora-syslog-"));
  const socket = join(directory, "log");
  const syslog = openSyslog({ facility: "local1", socket, tag: "amphora-agent" });
  for (const number of [1, 2]) syslog.write(`{"level":30,"number":${number}}\n`);
  const receiver = spawn("socat", ["-u", `UNIX-RECV:${socket}`, "-"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(receiver, "exit");
  try {
    let text = "";
    for await (const chunk of receiver.stdout.setEncoding("utf8")) {
      text += chunk;
      if (text.includes('"number":2')) break;
    }
    assert.match(text, /<142>.*amphora-agent.*"number":1.*<142>.*"number":2/s);
  } finally {
    syslog.close();
    receiver.kill();
    await exited;
    await rm(directory, { recursive: true });
  }
});
