/** systemd as the watchdog of the agent, in a booted machine. Needs root; skipped, loudly, without. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import {
  AGENT_UNIT,
  AMPHORA_TREE,
  configureAgent,
  createIdentities,
  installProgram,
  installUnit,
} from "../bed/amphora.ts";
import { Client } from "../bed/client.ts";
import type { Lab } from "../bed/lab.ts";
import { boot, type Machine } from "../bed/machine.ts";
import { buildTree } from "../bed/tree.ts";
import { enterOrSkip, haproxyConfig, until } from "./systemd-lab.ts";

const AMPHORA_ID = "7c1f5f0e-51b5-4a8a-9d0c-6f6f3b1f9d12";
const LB = "b2f2bb42-9d1f-4c5c-9d7a-0f1f9f0c6a22";
const LISTENER = "e0a7a1a6-3a60-4d24-8f1d-5d2a4f7d3b32";
const [CONTROLLER, AGENT] = ["192.0.2.1", "192.0.2.10"];
const MANAGEMENT = { bridge: "mgmt", name: "mgmt0", mac: "fa:16:3e:00:00:01" };
const WATCHDOG_SECONDS = 6;
const DROP_IN = `[Service]
Type=notify
WatchdogSec=${WATCHDOG_SECONDS}
`;

const lab = await enterOrSkip("an agent that systemd watches");
if (lab) suite("an agent that systemd watches", () => describeWatchdog(lab));

function describeWatchdog(room: Lab): void {
  let machine: Machine;
  let client: Client;

  before(async () => {
    await room.bridge("mgmt", [`${CONTROLLER}/24`]);
    machine = await boot(room, {
      name: "watched",
      tree: await buildTree(AMPHORA_TREE),
      interfaces: [MANAGEMENT],
    });
    const identities = await createIdentities(AMPHORA_ID);
    await configureAgent(machine, { identities, controller: `${CONTROLLER}:5555`, heartbeatSeconds: 1 });
    await installUnit(machine, await installProgram(machine));
    await machine.write(`/etc/systemd/system/${AGENT_UNIT}.d/watchdog.conf`, DROP_IN);
    await machine.exec("ip", ["address", "add", `${AGENT}/24`, "dev", "mgmt0"]);
    await machine.exec("ip", ["link", "set", "mgmt0", "up"]);
    await machine.exec("systemctl", ["daemon-reload"]);
    await machine.exec("systemctl", ["enable", "--now", AGENT_UNIT]);
    client = new Client(AGENT, identities);
  });

  after(async () => {
    await machine.stop();
  });

  test("its start has ended when the API answers, not before", async () => {
    assert.equal(await property("ActiveState"), "active");
    await client.expect(200, "GET", "/");
  });

  test("it shows that it lives, again and again, and is left alone", async () => {
    const first = await lastSign();
    await until("two more signs of life", async () => (await lastSign()) > first + 2 * signsApart);
    assert.equal(await property("NRestarts"), "0");
  });

  test("a HAProxy that hangs is not the agent's fault, and does not end it", async () => {
    const config = await haproxyConfig({
      loadBalancerId: LB,
      listenerId: LISTENER,
      vip: "127.0.0.1",
      member: { address: "127.0.0.2", port: 8080 },
      clientTimeoutMs: 5_000,
    });
    await client.expect(202, "PUT", `/1.0/loadbalancer/${AMPHORA_ID}/${LB}/haproxy`, config);
    await client.expect(202, "PUT", `/1.0/loadbalancer/${LB}/start`);
    const unit = `haproxy-${LB}.service`;
    await machine.exec("systemctl", ["kill", "--signal=SIGSTOP", unit]);
    const first = await lastSign();
    const long = 2 * WATCHDOG_SECONDS * 1e6;
    await until("signs of life for longer than systemd waits", async () => (await lastSign()) > first + long);
    assert.equal(await property("NRestarts"), "0");
    await machine.exec("systemctl", ["kill", "--signal=SIGCONT", unit]);
    await machine.exec("systemctl", ["kill", "--signal=SIGKILL", unit]);
  });

  test("one that stands still is ended and started again", async () => {
    const pid = await property("MainPID");
    await machine.exec("kill", ["-STOP", pid]);
    await until("another agent", async () => (await property("NRestarts")) === "1");
    await until("its answer", async () => {
      await client.expect(200, "GET", "/");
      return true;
    });
    assert.notEqual(await property("MainPID"), pid);
    await until("its first sign of life", async () => (await lastSign()) > 0);
  });

  /** Microseconds between two signs of life. */
  const signsApart = (WATCHDOG_SECONDS * 1e6) / 3;

  async function lastSign(): Promise<number> {
    return Number(await property("WatchdogTimestampMonotonic"));
  }

  function property(name: string): Promise<string> {
    return machine.exec("systemctl", ["show", `--property=${name}`, "--value", AGENT_UNIT]);
  }
}
