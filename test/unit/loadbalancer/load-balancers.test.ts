import assert from "node:assert/strict";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { parseConfig } from "../../../agent/config/config-parse.ts";
import { AgentError } from "../../../agent/errors.ts";
import { createLoadBalancers } from "../../../agent/loadbalancer/load-balancers.ts";
import { Exclusive } from "../../../agent/supervisor/exclusive.ts";
import type { Supervisor } from "../../../agent/supervisor/types.ts";
import { removeDirectory } from "../../../agent/system/removal.ts";

const CONFIG = Buffer.from("global\n stats socket /run/lb.sock\n");
const REFUSAL = new AgentError("commandFailed", "systemctl failed", { details: "no such unit" });

/** @param refused - the command of the supervisor that fails */
async function anAmphora(t: TestContext, refused?: keyof Supervisor) {
  const directory = await mkdtemp(`${tmpdir()}/amphora-lb-`);
  t.after(() => removeDirectory(directory));
  const haproxyCmd = `${directory}/another-haproxy`;
  await writeFile(haproxyCmd, "");
  const programs: string[] = [];
  const commands: string[] = [];
  const done = (command: keyof Supervisor) => async () => {
    if (command === refused) throw REFUSAL;
  };
  const supervisor: Supervisor = {
    enable: done("enable"),
    start: done("start"),
    stop: done("stop"),
    reload: done("reload"),
    restart: done("restart"),
    remove: done("remove"),
    isWanted: async () => false,
    deviations: async () => [],
    resume: done("resume"),
    close: done("close"),
  };
  const loadBalancers = createLoadBalancers({
    basePath: directory,
    certDirectory: `${directory}/certs`,
    haproxyCmd,
    limits: parseConfig([], "").config,
    topology: () => "SINGLE",
    supervisor,
    exclusive: new Exclusive(),
    vrrpChecks: {
      update: async () => undefined,
      updateIfUsed: async () => undefined,
      deviations: async () => [],
    },
    replaced: () => undefined,
    advertise: async () => undefined,
    logger: pino({ enabled: false }),
    tryRun: async (file, args) => {
      programs.push(file);
      commands.push(args.join(" "));
      return { exitCode: 0, stdout: "", output: "HAProxy version 2.6.12" };
    },
  });
  return { loadBalancers, directory, haproxyCmd, programs, commands };
}

test("a configuration is judged by the program that will run it, not by the first one on the PATH", async (t) => {
  const { loadBalancers, haproxyCmd, programs } = await anAmphora(t);
  await loadBalancers.upload("amphora", "lb", CONFIG);
  assert.deepEqual([...new Set(programs)], [haproxyCmd]);
});

test("a configuration is judged together with the agent's own, which is no part of it", async (t) => {
  const { loadBalancers, directory, commands } = await anAmphora(t);
  await loadBalancers.upload("amphora", "lb", CONFIG);
  const check = commands.find((command) => command.startsWith("-c "));
  assert.match(
    check ?? "",
    new RegExp(` -f ${directory}/lb/haproxy\\.cfg\\.new .*-f ${directory}/lb/agent\\.cfg$`),
  );
  assert.match(await readFile(`${directory}/lb/agent.cfg`, "utf8"), /stats socket .* level admin/);
  assert.deepEqual(await loadBalancers.download("lb"), CONFIG);
});

for (const [action, message] of [
  ["start", "Error starting haproxy"],
  ["stop", "Error stoping haproxy"],
  ["reload", "Error starting haproxy"],
] as const) {
  test(`a ${action} that fails has the text that controllers know, slips included`, async (t) => {
    const { loadBalancers } = await anAmphora(t, action === "reload" ? "start" : action);
    await loadBalancers.upload("amphora", "lb", CONFIG);
    await assert.rejects(loadBalancers.act("lb", action), { message, details: "no such unit" });
  });
}

test("an enabling that fails names the wrong service, as controllers know it, and the configuration stays", async (t) => {
  const { loadBalancers, directory } = await anAmphora(t, "enable");
  const failure = { message: "Error enabling octavia-keepalived service", details: "no such unit" };
  await assert.rejects(loadBalancers.upload("amphora", "lb", CONFIG), failure);
  assert.deepEqual(await readFile(`${directory}/lb/haproxy.cfg`), CONFIG);
});

test("what worked is said in the words that controllers know, slips included", async (t) => {
  const { loadBalancers } = await anAmphora(t);
  await loadBalancers.upload("amphora", "lb", CONFIG);
  assert.equal(await loadBalancers.act("lb", "stop"), "Listener lb stoped");
  assert.equal(
    await loadBalancers.act("lb", "start"),
    "Configuration file is valid\nhaproxy daemon for lb started",
  );
});
