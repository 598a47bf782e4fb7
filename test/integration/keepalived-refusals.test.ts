/** What the API answers when keepalived's supervisor refuses, and what is left then: with a supervisor that does as told. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { beforeEach, test } from "node:test";
import { AgentError } from "../../agent/errors.ts";
import { lvsLayout } from "../../agent/lvs/layout.ts";
import { createLvsListeners } from "../../agent/lvs/lvs-listeners.ts";
import { parseObjectId } from "../../agent/object-id.ts";
import { Exclusive } from "../../agent/supervisor/exclusive.ts";
import { unitName } from "../../agent/supervisor/service-name.ts";
import type { Service, Supervisor } from "../../agent/supervisor/types.ts";
import { createLogger } from "../../agent/system/logger.ts";
import { vrrpLayout } from "../../agent/vrrp/layout.ts";
import { createVrrpRoles } from "../../agent/vrrp/roles.ts";
import { createVrrp } from "../../agent/vrrp/vrrp.ts";
import { BASE } from "./loadbalancer-host.ts";

const id = parseObjectId("71012cc1-3a6c-4edc-bc23-bf857b818226");
assert.ok(id);
const lvs = lvsLayout(BASE, id);
const CONFIG = Buffer.from("net_namespace amphora-haproxy\n");
const WORDS = "Unit is masked.\n";

const calls: string[] = [];
const refused = new Set<string>();
const command = (name: string) => async (service: Service) => {
  calls.push(`${name} ${unitName(service)}`);
  if (refused.has(name)) throw new AgentError("commandFailed", "systemctl failed", { details: WORDS });
};
const supervisor: Supervisor = {
  enable: command("enable"),
  start: command("start"),
  stop: command("stop"),
  reload: command("reload"),
  restart: command("restart"),
  remove: command("remove"),
  isWanted: async () => false,
  deviations: async () => [],
  resume: async () => undefined,
  close: async () => undefined,
};
const checks = {
  update: async () => void calls.push("checks"),
  updateIfUsed: async () => void calls.push("checks if used"),
  deviations: async () => [],
};
const shared = {
  basePath: BASE,
  supervisor,
  exclusive: new Exclusive(),
  logger: await createLogger({ debug: true, pretty: false }),
};
const roles = createVrrpRoles(BASE, shared.logger);
const vrrp = createVrrp({ ...shared, checks, roles });
const listeners = createLvsListeners({
  ...shared,
  topology: () => "ACTIVE_STANDBY",
  vrrpChecks: checks,
  advertise: async () => void calls.push("advertise"),
});
const unit = `octavia-keepalivedlvs-${id}.service`;

beforeEach(() => {
  calls.length = 0;
  refused.clear();
});

const fails = (work: Promise<unknown>, message: string) =>
  assert.rejects(work, { status: 500, body: { message, details: WORDS } });

test("a keepalived that cannot be enabled is named in the answer, after its files are there", async () => {
  refused.add("enable");
  await fails(vrrp.upload(CONFIG), "Error enabling octavia-keepalived service");
  assert.deepEqual(calls, ["checks", "enable octavia-keepalived.service"]);
  assert.deepEqual(await readFile(vrrpLayout(BASE).config), CONFIG);
  calls.length = 0;
  await fails(listeners.upload(id, CONFIG), "Error enabling octavia-keepalivedlvs service");
  assert.deepEqual(calls, [`enable ${unit}`]);
  assert.deepEqual(await readFile(lvs.config), CONFIG);
});

for (const action of ["start", "stop", "reload"] as const) {
  test(`a ${action} that is refused is answered with the action, and nothing else is done`, async () => {
    refused.add("start").add("stop").add("reload").add("restart");
    await fails(vrrp.act(action), `Failed to ${action} octavia-keepalived service`);
    const done = action === "reload" ? "restart" : action;
    await fails(listeners.act(id, action), `Failed to ${done} keepalivedlvs listener ${id}`);
    assert.deepEqual(calls, [`${action} octavia-keepalived.service`, `${done} ${unit}`]);
  });
}

test("a start that has become a reload is answered as that when it is refused", async () => {
  await pretendToRun(vrrpLayout(BASE).pidFile);
  refused.add("reload");
  await fails(vrrp.act("start"), "Failed to reload octavia-keepalived service");
  refused.clear();
  assert.equal(await vrrp.act("start"), "keepalived reloaded");
});

test("an LVS listener's start changes no check, and with a standby announces nothing", async () => {
  await listeners.act(id, "start");
  assert.deepEqual(calls, [`start ${unit}`]);
});

test("a deletion that cannot stop keepalived leaves the listener as it is", async () => {
  await pretendToRun(lvs.pidFile);
  refused.add("stop");
  await fails(listeners.delete(id), "Error stopping keepalivedlvs");
  assert.deepEqual(calls, [`stop ${unit}`]);
  assert.ok(existsSync(lvs.config));
  assert.ok(existsSync(lvs.pidFile));
});

test("a deletion that cannot disable the unit can be asked for again", async () => {
  refused.add("remove");
  await fails(listeners.delete(id), `Error disabling octavia-keepalivedlvs-${id} service`);
  assert.ok(existsSync(lvs.config));
  refused.clear();
  calls.length = 0;
  await listeners.delete(id);
  // The pid file went with the first attempt: nothing is stopped twice.
  assert.deepEqual(calls, [`remove ${unit}`, "checks if used"]);
  assert.equal(existsSync(lvs.config), false);
  await listeners.delete(id);
  assert.equal(calls.length, 2);
});

/** Makes a pid file name a living keepalived: this process. */
async function pretendToRun(pidFile: string): Promise<void> {
  await writeFile(pidFile, `${process.pid}\n`);
  process.title = "keepalived";
}
