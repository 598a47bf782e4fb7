/** `amphora top` on a terminal of its own, with a real HAProxy at work. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import process from "node:process";
import { after, before, test } from "node:test";
import { amphora, PROGRAM } from "./command.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { until } from "./heartbeat-host.ts";
import { deploy, fetchInside, LOAD_BALANCER } from "./metrics-host.ts";

const LISTENER = "http://127.0.0.1:10000/";
const SERVERS = 3;
const HEAD = "\x1b[4;1H";
const RESTORED = "\x1b[?25h\x1b[?1049l";
const [BEFORE, AFTER, PID, CODE] = ["before", "after", "pid", "code"].map((name) => `/run/top-${name}`);
let daemon: Daemon;

before(async () => {
  daemon = await startDaemon();
  await deploy(daemon, { prometheus: false, servers: SERVERS });
});
after(async () => {
  await daemon.client.ask("DELETE", `/1.0/listeners/${LOAD_BALANCER}`);
  await daemon[Symbol.asyncDispose]();
});

interface Watched extends AsyncDisposable {
  /** Everything that the terminal got. */
  readonly output: () => string;
  type(keys: string): void;
  /** Of the program itself. */
  pid(): Promise<number>;
  /** Waits until it has ended. @returns its exit code */
  ended(): Promise<number>;
}

/** `script` (util-linux) gives it a terminal of 80 columns and 24 rows. */
async function watch(): Promise<Watched> {
  for (const file of [BEFORE, AFTER, PID, CODE]) await rm(file ?? "", { force: true });
  const command = `stty cols 80 rows 24; stty -a >${BEFORE}; sh -c 'echo $$ >${PID}; exec ${process.execPath} ${PROGRAM} top -d 0.2'; echo $? >${CODE}; stty -a >${AFTER}`;
  const child: ChildProcessWithoutNullStreams = spawn("script", ["-qec", command, "/dev/null"]);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await until(() => output.includes("members 1 to"), 30_000);
  return {
    output: () => output,
    type: (keys) => child.stdin.write(keys),
    pid: async () => Number(await readFile(PID ?? "", "latin1")),
    ended: async () => {
      if (child.exitCode === null) await once(child, "close");
      return Number(await readFile(CODE ?? "", "latin1"));
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return;
      child.kill();
      await once(child, "close");
    },
  };
}

async function isTerminalAsBefore(): Promise<void> {
  assert.equal(await readFile(AFTER ?? "", "latin1"), await readFile(BEFORE ?? "", "latin1"));
}

test("shows members with their addresses, and what happens to them", async () => {
  await using top = await watch();
  assert.match(top.output(), /33333333 127\.1\.0\.1:1 +no check/);
  let isOver = false;
  const traffic = (async () => {
    while (!isOver) await fetchInside(LISTENER);
  })();
  try {
    // Nobody listens there: each request ends as an error of the member's.
    await until(
      () => /33333333 127\.1\.0\.\d:1 +no check +\d+\.\d +(?!0\.0 )\d+\.\d /.test(top.output()),
      30_000,
    );
    assert.match(top.output(), /[▁▂▃▄▅▆▇█]/);
  } finally {
    isOver = true;
    await traffic;
  }
  top.type("q");
  assert.equal(await top.ended(), 0);
});

for (const [name, end] of [
  ["q", (top: Watched) => top.type("q")],
  ["Ctrl-C", (top: Watched) => top.type("\x03")],
  ["SIGTERM", async (top: Watched) => process.kill(await top.pid(), "SIGTERM")],
] as const) {
  test(`${name} ends it, and the terminal is as it was`, async () => {
    await using top = await watch();
    await end(top);
    assert.equal(await top.ended(), 0);
    assert.ok(top.output().trimEnd().endsWith(RESTORED), JSON.stringify(top.output().slice(-40)));
    await isTerminalAsBefore();
  });
}

test("only what has changed is sent, and a key changes the order", async () => {
  await using top = await watch();
  const heads = () => top.output().split(HEAD).length - 1;
  await until(() => top.output().includes("33333333 "));
  const from = top.output().length;
  const before = heads();
  // The time in the title goes on.
  await until(() => top.output().slice(from).split("\x1b[1;1H").length > 3, 30_000);
  assert.equal(heads(), before);
  top.type("l");
  await until(() => heads() === before + 1);
  assert.match(top.output().slice(-2_000), /vMS/);
  top.type("q");
  assert.equal(await top.ended(), 0);
});

test("without a terminal it says what to do, and --once prints a screen as text", async () => {
  const { exitCode, stderr } = await amphora("top");
  assert.equal(exitCode, 1);
  assert.match(stderr, /top needs a terminal; amphora top --once prints one screen/);
  const once = await amphora("top", "--once", "-d", "0.2");
  assert.equal(once.exitCode, 0);
  assert.match(once.stdout, new RegExp(`^members 1 to ${SERVERS} of ${SERVERS}$`, "m"));
  assert.ok(!once.stdout.includes("\x1b"));
  assert.equal((await amphora("top", "-d", "0")).exitCode, 2);
});

test("a HAProxy that is stopped is named while the others are shown", async () => {
  await daemon.client.ask("PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/stop`);
  const { stdout } = await amphora("top", "--once", "-d", "0.1");
  assert.match(stdout, /NO ANSWER: 99999999: /);
  await daemon.client.ask("PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/start`);
});
