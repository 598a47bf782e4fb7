/** HAProxy hands its listening sockets to the new worker; for IPv6 that depends on a setting of the namespace. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { NAMESPACE_WIDE } from "../../agent/network/sysctl.ts";
import { run } from "../../agent/system/run.ts";

const NAMESPACE = "reload-listeners";
const CONFIG = "/run/reload-listeners.cfg";
const PORT = 8001;
const DEADLINE_MS = 10_000;

/** Who owns each listening socket, and the socket's inode, by address. */
async function listeners(): Promise<Map<string, { pid: string; inode: string }>> {
  const text = await run("ip", ["netns", "exec", NAMESPACE, "ss", "-Hlntpe", `sport = ${PORT}`]);
  const rows = text.matchAll(/(\S+):8001 .*pid=(\d+).* ino:(\d+)/g);
  return new Map([...rows].map(([, address = "", pid = "", inode = ""]) => [address, { pid, inode }]));
}

/** @param nudge - called until it has the effect: a master that has just started may miss a signal */
async function listenersOfAnotherWorker(
  than: string,
  nudge?: () => void,
): Promise<Map<string, { pid: string; inode: string }>> {
  const deadline = Date.now() + DEADLINE_MS;
  for (let round = 0; ; round += 1) {
    if (round % 40 === 0) nudge?.();
    const now = await listeners();
    const pids = new Set([...now.values()].map(({ pid }) => pid));
    if (now.size === 2 && pids.size === 1 && !pids.has(than)) return now;
    assert.ok(Date.now() < deadline, `listeners did not change hands: ${JSON.stringify([...now])}`);
    await sleep(50);
  }
}

test("a reload keeps the listening sockets of both IP families", async () => {
  await run("ip", ["netns", "add", NAMESPACE]);
  const inside = (...words: string[]) => run("ip", ["netns", "exec", NAMESPACE, ...words]);
  await inside("ip", "link", "set", "lo", "up");
  await inside(
    "sysctl",
    "-q",
    "-w",
    ...Object.entries(NAMESPACE_WIDE).map(([key, value]) => `${key}=${value}`),
  );
  const binds = `bind 127.0.0.1:${PORT}\n  bind ::1:${PORT}`;
  const timeouts = "timeout client 5s\n  timeout server 5s\n  timeout connect 1s";
  await writeFile(
    CONFIG,
    `global\n  maxconn 100\ndefaults\n  mode http\n  ${timeouts}\nfrontend f\n  ${binds}\n`,
  );
  const haproxy = spawn("ip", ["netns", "exec", NAMESPACE, "haproxy", "-W", "-db", "-f", CONFIG], {
    stdio: "ignore",
  });
  try {
    const before = await listenersOfAnotherWorker("none");
    const reload = () => haproxy.kill("SIGUSR2");
    const after = await listenersOfAnotherWorker(before.get("127.0.0.1")?.pid ?? "", reload);
    for (const [address, { inode }] of before) assert.equal(after.get(address)?.inode, inode, address);
  } finally {
    haproxy.kill("SIGTERM");
    await once(haproxy, "exit");
  }
});
