/** What somebody who is logged in on an amphora types, beside the real daemon and a real HAProxy. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, test } from "node:test";
import { AGENT_LOG_FILES } from "../../agent/config/paths.ts";
import { amphora, PROGRAM, runProgram } from "./command.ts";
import { startDaemon } from "./daemon.ts";
import { deploy, LOAD_BALANCER } from "./metrics-host.ts";

const OTHER = "88888888-8888-4888-8888-888888888888";

// Before the daemon starts.
await test("without a namespace the commands that need it say so", async () => {
  for (const words of [["exec", "true"], ["shell"]]) {
    const { exitCode, stderr } = await amphora(...words);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^amphora: there is no namespace amphora-haproxy: no VIP is plugged yet/);
  }
});

await test("without a load balancer there is no HAProxy to ask, and no heartbeat without a destination", async () => {
  const { exitCode, stderr } = await amphora("haproxy", "show", "info");
  assert.equal(exitCode, 1);
  assert.match(stderr, /this amphora has no load balancer yet/);
  const heartbeat = await amphora("heartbeat", "--print");
  assert.equal(heartbeat.exitCode, 1);
  assert.match(heartbeat.stderr, /it would not be sent: there is no usable destination/);
});

const daemon = await startDaemon();
after(() => daemon[Symbol.asyncDispose]());
await deploy(daemon, { prometheus: false, servers: 3 });

test("exec runs inside the namespace, with options of the command and its exit code", async () => {
  const link = await amphora("exec", "ip", "-br", "link");
  assert.match(link.stdout, /^lo /);
  assert.doesNotMatch(link.stdout, /eth0/);
  const inside = await amphora("exec", "--", "readlink", "/proc/self/ns/net");
  const handle = await runProgram(["stat", "-Lc", "net:[%i]", "/var/run/netns/amphora-haproxy"]);
  assert.equal(inside.stdout, handle.stdout);
  assert.equal((await amphora("exec", "--", "sh", "-c", "exit 7")).exitCode, 7);
  assert.equal((await amphora("exec", "--", "no-such-program")).exitCode, 127);
  assert.equal((await amphora("exec", "--", "sh", "-c", "kill -TERM $$")).exitCode, 128 + 15);
  assert.equal((await amphora("exec")).exitCode, 1);
});

test("shell opens the user's shell inside the namespace", async () => {
  const typed = `echo 'readlink /proc/self/ns/net; echo "$debian_chroot"; exit 5'`;
  const shell = await runProgram([
    "sh",
    "-c",
    `${typed} | SHELL=/bin/sh ${process.execPath} ${PROGRAM} shell`,
  ]);
  const inside = await amphora("exec", "readlink", "/proc/self/ns/net");
  assert.equal(shell.stdout, `${inside.stdout}amphora-haproxy\n`);
  assert.equal(shell.exitCode, 5);
});

test("who may not enter the namespace is told to be root", async () => {
  // The host's one user has another number in a user namespace of his own.
  const { exitCode, stderr } = await runProgram([
    "unshare",
    "--user",
    process.execPath,
    PROGRAM,
    "exec",
    "true",
  ]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /only root may enter the namespace amphora-haproxy; try sudo/);
});

test("haproxy hands over a command, and its answer", async () => {
  const info = await amphora("haproxy", "show", "info");
  assert.equal(info.exitCode, 0);
  assert.match(info.stdout, /^Name: HAProxy$/m);
  const stat = await amphora("haproxy", "show", "stat", "-1", "4", "-1");
  assert.equal(stat.stdout.match(/^2{8}-/gm)?.length, 3);
  const chosen = await amphora("haproxy", "--load-balancer", LOAD_BALANCER, "show", "info");
  assert.match(chosen.stdout, /^Name: HAProxy$/m);
  const master = await amphora("haproxy", "--master", "show", "proc");
  assert.match(master.stdout, /^\d+ +master /m);
});

test("what HAProxy does not do is an exit code", async () => {
  const unknown = await amphora("haproxy", "make", "coffee");
  assert.equal(unknown.exitCode, 1);
  assert.match(unknown.stdout, /Unknown command/);
  const forbidden = await amphora("haproxy", "disable", "frontend", "x");
  assert.equal(forbidden.exitCode, 1);
  assert.match(forbidden.stdout, /Permission denied/);
});

test("a load balancer that is not here, and one that does not run, are named", async () => {
  const unknown = await amphora("haproxy", "--load-balancer", OTHER, "show", "info");
  assert.match(unknown.stderr, new RegExp(`no load balancer ${OTHER} here; there is: ${LOAD_BALANCER}`));
  await daemon.client.ask("PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/stop`);
  const stopped = await amphora("haproxy", "show", "info");
  assert.equal(stopped.exitCode, 1);
  assert.match(stopped.stderr, /\.sock: (nobody answers; HAProxy does not run|there is no such socket)/);
  await daemon.client.ask("PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/start`);
});

test("heartbeat --print shows the message as a controller decodes it", async () => {
  const { exitCode, stdout, stderr } = await amphora("heartbeat", "--print");
  assert.equal(exitCode, 0);
  const message = JSON.parse(stdout) as Record<string, Record<string, { members: object; status: string }>>;
  assert.deepEqual(Object.keys(message), ["id", "seq", "listeners", "pools", "ver"]);
  assert.ok(Number(message.seq) > 0);
  const [pool] = Object.values(message.pools ?? {});
  assert.equal(Object.keys(pool?.members ?? {}).length, 3);
  assert.equal(Object.values(message.listeners ?? {})[0]?.status, "OPEN");
  assert.match(stderr, /^\d+ bytes in a datagram, every 1 s, to each in turn: 127\.0\.0\.1:\d+$/m);
});

test("heartbeat needs to be told what to do", async () => {
  const { exitCode, stderr } = await amphora("heartbeat");
  assert.equal(exitCode, 2);
  assert.match(stderr, /print/);
});

test("logs shows files where the agent itself runs services", async () => {
  // Of the two places the one that is this host's own.
  const file = AGENT_LOG_FILES.find((path) => path.startsWith("/run/")) ?? "";
  await writeFile(file, "one\ntwo\nthree\n");
  const { exitCode, stdout } = await amphora("logs", "agent", "-n", "2");
  assert.equal(exitCode, 0);
  assert.match(stdout, /two\nthree\n$/);
  assert.doesNotMatch(stdout, /one/);
  assert.equal((await amphora("logs", "haproxy")).exitCode, 0);
  const none = await amphora("logs", "keepalived");
  assert.equal(none.exitCode, 1);
  assert.match(none.stderr, /no log files here/);
  assert.match((await amphora("logs", "--since", "yesterday")).stderr, /--since needs journald/);
  assert.equal((await amphora("logs", "nonsense")).exitCode, 2);
  const negative = await amphora("logs", "-n", "-1");
  assert.deepEqual([negative.exitCode, /--lines: a whole number/.test(negative.stderr)], [2, true]);
});

test("shells complete commands and options", async () => {
  const complete = async (words: string) => {
    const script = `amphora() { ${process.execPath} ${PROGRAM} "$@"; }; SHELL=/bin/bash
      eval "$(amphora completion)"; COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _amphora_yargs_completions; echo "\${COMPREPLY[@]}"`;
    return (await runProgram(["bash", "-c", script])).stdout.trim();
  };
  assert.equal(await complete("amphora doc"), "doctor");
  assert.equal(await complete("amphora doctor --rep"), "--report");
});

test("every command has help with examples for who is logged in, and options for nobody else", async () => {
  for (const command of ["status", "top", "doctor", "exec", "haproxy", "heartbeat", "logs"]) {
    const { exitCode, stdout } = await amphora(command, "--help");
    assert.equal(exitCode, 0);
    assert.match(stdout, /^Examples:$/m, command);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
  }
});
