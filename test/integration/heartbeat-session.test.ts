/** Statistics come over a session that stays open, which must neither outlive its HAProxy nor keep an old worker. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { createStatsReader, type StatsReader } from "../../agent/loadbalancer/read-stats.ts";
import { aBase, until } from "./heartbeat-host.ts";

const ID = "6f0d4c1e-33c2-4bb4-9d4f-5c8f7f0f6d11";

class MasterWorker implements AsyncDisposable {
  readonly base: string;
  readonly #port: number;
  readonly #config: string;
  #child: ChildProcess | undefined;

  static async start(port: number): Promise<MasterWorker> {
    const haproxy = new MasterWorker(await aBase(), port);
    await mkdir(`${haproxy.base}/${ID}`);
    await haproxy.configure("first");
    await haproxy.run();
    return haproxy;
  }

  constructor(base: string, port: number) {
    this.base = base;
    this.#port = port;
    this.#config = `${base}/${ID}/haproxy.cfg`;
  }

  async configure(frontend: string): Promise<void> {
    await writeFile(
      this.#config,
      `global
  stats socket ${this.base}/${ID}.sock mode 0666 level user
  maxconn 100
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 1s
frontend ${frontend}
  bind 127.0.0.1:${this.#port}
`,
    );
  }

  async run(): Promise<void> {
    const pidFile = `${this.base}/${ID}/${ID}.pid`;
    this.#child = spawn("haproxy", ["-W", "-db", "-f", this.#config, "-p", pidFile], { stdio: "ignore" });
    await until(async () => (await this.workers()).length === 1);
  }

  async workers(): Promise<string[]> {
    const pid = this.#child?.pid;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
    return children.split(" ").filter((child) => child !== "");
  }

  /** Until there is another worker: a master that has just started may miss a signal. */
  async reload(): Promise<void> {
    const before = await this.workers();
    let looks = 0;
    await until(async () => {
      if (looks % 100 === 0) this.#child?.kill("SIGUSR2");
      looks += 1;
      return (await this.workers()).some((pid) => !before.includes(pid));
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

async function frontends(reader: StatsReader): Promise<string[] | undefined> {
  return (await reader.read(ID))?.listeners.map(({ id }) => id);
}

test("the worker that a reload replaced is found out, asked no more, and can end", async () => {
  await using haproxy = await MasterWorker.start(18_341);
  const reader = createStatsReader(() => haproxy.base);
  await until(async () => (await frontends(reader))?.[0] === "first");
  const [old = ""] = await haproxy.workers();
  await haproxy.configure("second");
  await haproxy.reload();
  await until(async () => (await frontends(reader))?.[0] === "second");
  await until(async () => !(await haproxy.workers()).includes(old));
  reader.close();
});

test("a released session lets the replaced worker end at once", async () => {
  await using haproxy = await MasterWorker.start(18_342);
  const reader = createStatsReader(() => haproxy.base);
  await until(async () => (await frontends(reader))?.[0] === "first");
  const [old = ""] = await haproxy.workers();
  await haproxy.reload();
  reader.release(ID);
  await until(async () => !(await haproxy.workers()).includes(old));
  reader.close();
});

test("a HAProxy that ends is not running, and one that comes back is read again", async () => {
  await using haproxy = await MasterWorker.start(18_343);
  const reader = createStatsReader(() => haproxy.base);
  await until(async () => (await frontends(reader)) !== undefined);
  await haproxy.kill();
  assert.equal(await reader.read(ID), undefined);
  await haproxy.run();
  await until(async () => (await frontends(reader))?.[0] === "first");
  reader.close();
});
