/** What systemd hears of the agent: a socket in its place takes the datagrams. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { notify } from "../../agent/system/notify.ts";
import { until } from "./loadbalancer-host.ts";

/** Takes datagrams into a file, one behind the other. */
async function listen(socket: string, file: string): Promise<Disposable> {
  const child = spawn("socat", ["-u", `UNIX-RECV:${socket}`, `OPEN:${file},creat,append`], {
    stdio: "inherit",
  });
  await until(async () => existsSync(socket));
  return { [Symbol.dispose]: () => void child.kill() };
}

async function hears(file: string, text: string): Promise<boolean> {
  return existsSync(file) && (await readFile(file, "utf8")).includes(text);
}

/** In the place of systemd's own, which then cannot be run. */
async function withoutProgram(work: () => Promise<void>): Promise<void> {
  await mkdir("/usr/local/bin", { recursive: true });
  await writeFile("/usr/local/bin/systemd-notify", "#!/bin/sh\nexit 1\n");
  await chmod("/usr/local/bin/systemd-notify", 0o755);
  await work();
}

test("systemd's own program carries messages, and where it cannot be run the C library does", async () => {
  const file = "/run/heard";
  using _listener = await listen("/run/notify-test", file);
  await notify("/run/notify-test", "READY=1");
  await until(async () => hears(file, "READY=1"));
  await withoutProgram(async () => {
    await notify("/run/notify-test", "WATCHDOG=1");
    await until(async () => hears(file, "WATCHDOG=1"));
    await assert.rejects(notify("/run/nobody", "WATCHDOG=1"), /does not listen on \/run\/nobody/);
    await assert.rejects(notify(`/run/${"x".repeat(200)}`, "WATCHDOG=1"), /too long/);
  });
});
