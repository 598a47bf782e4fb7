/** The agent in a booted machine, where systemd keeps HAProxy running. Needs root; skipped, loudly, without. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
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
import { connectAgent, enterOrSkip, haproxyConfig, plugVip, until } from "./systemd-lab.ts";

const AMPHORA_ID = "7c1f5f0e-51b5-4a8a-9d0c-6f6f3b1f9d11";
const LB = "b2f2bb42-9d1f-4c5c-9d7a-0f1f9f0c6a21";
const LISTENER = "e0a7a1a6-3a60-4d24-8f1d-5d2a4f7d3b31";
const UNIT = `haproxy-${LB}.service`;
const UNIT_DIRECTORY = "/usr/lib/systemd/system";
const NAMESPACE = "amphora-haproxy";
const [CONTROLLER, AGENT] = ["192.0.2.1", "192.0.2.10"];
const [VIP, VRRP_IP, MEMBER] = ["203.0.113.5", "203.0.113.10", "203.0.113.99"];
const MEMBER_PORT = 8080;
const MANAGEMENT = { bridge: "mgmt", name: "mgmt0", mac: "fa:16:3e:00:00:01" };
const TENANT = { bridge: "tenant", name: "tenant0", mac: "fa:16:3e:00:00:02" };

const lab = await enterOrSkip("an amphora under systemd");
if (lab) suite("an amphora under systemd", () => describeAmphora(lab));

function describeAmphora(room: Lab): void {
  let machine: Machine;
  let client: Client;
  const member = createServer((_, answer) => answer.end("member"));

  before(async () => {
    await room.bridge("mgmt", [`${CONTROLLER}/24`]);
    await room.bridge("tenant", [`${MEMBER}/24`]);
    await new Promise<void>((listening) => member.listen(MEMBER_PORT, MEMBER, listening));
    const interfaces = [MANAGEMENT, TENANT];
    machine = await boot(room, { name: "amphora", tree: await buildTree(AMPHORA_TREE), interfaces });
    const identities = await createIdentities(AMPHORA_ID);
    await configureAgent(machine, { identities, controller: `${CONTROLLER}:5555`, heartbeatSeconds: 10 });
    await installUnit(machine, await installProgram(machine));
    await machine.exec("systemctl", ["enable", "--now", AGENT_UNIT]);
    client = new Client(AGENT, identities);
    await connect();
    await plugVip(client, { vip: VIP, vrrpIp: VRRP_IP, mac: TENANT.mac });
  });

  after(async () => {
    member.close();
    await machine.stop();
  });

  test("a reload starts a new load balancer, in the namespace, as an enabled unit", async () => {
    await upload(60_000);
    const answer = await act("reload");
    assert.deepEqual(parse(answer), {
      message: "OK",
      details: `Configuration file is valid\nhaproxy daemon for ${LB} started`,
    });
    assert.equal(await property("ActiveState"), "active");
    assert.equal(await machine.exec("systemctl", ["is-enabled", UNIT]), "enabled");
    assert.equal(await traffic(), "member");
    assert.equal(await machine.exec("ip", ["netns", "identify", await property("MainPID")]), NAMESPACE);
  });

  test("the namespace has a unit of its own, which HAProxy's needs", async () => {
    assert.match(await property("Requires"), /\bamphora-netns\.service\b/);
    assert.equal(await property("ActiveState", "amphora-netns.service"), "active");
  });

  test("listeners and details tell what runs", async () => {
    const listeners = parse(await client.expect(200, "GET", "/1.0/listeners"));
    assert.deepEqual(listeners, [{ status: "ACTIVE", uuid: LISTENER, type: "HTTP" }]);
    const details = parse(await client.expect(200, "GET", "/1.0/details"));
    assert.partialDeepStrictEqual(details, { haproxy_count: 1, listeners: [LISTENER] });
  });

  test("a reload puts a new configuration to work and keeps the process", async () => {
    const before = await property("MainPID");
    await upload(70_000);
    assert.deepEqual(parse(await act("reload")), { message: "OK", details: `Listener ${LB} reloaded` });
    assert.equal(await property("MainPID"), before);
    assert.equal(await traffic(), "member");
  });

  test("a configuration that HAProxy refuses changes nothing", async () => {
    const answer = await client.send("PUT", `/1.0/loadbalancer/${AMPHORA_ID}/${LB}/haproxy`, "nonsense\n");
    assert.equal(answer.status, 400);
    assert.partialDeepStrictEqual(parse(answer.body), { message: "Invalid request" });
    await act("reload");
    assert.equal(await traffic(), "member");
  });

  test("systemd starts a killed HAProxy again", async () => {
    const before = await property("MainPID");
    await machine.exec("kill", ["-KILL", before]);
    await until("a new HAProxy", async () => !["0", before].includes(await property("MainPID")));
    await until("traffic", async () => (await traffic()) === "member");
  });

  test("a restart of the agent leaves HAProxy alone", async () => {
    const before = await property("MainPID");
    await machine.exec("systemctl", ["restart", AGENT_UNIT]);
    await connect();
    assert.equal(await property("MainPID"), before);
    assert.equal(await traffic(), "member");
  });

  test("a load balancer is back after a reboot, without a controller", async () => {
    await machine.stop();
    await machine.start();
    await connect();
    assert.equal(await property("ActiveState"), "active");
    await until("traffic", async () => (await traffic()) === "member");
    const details = parse(await client.expect(200, "GET", "/1.0/details"));
    assert.partialDeepStrictEqual(details, { haproxy_count: 1 });
  });

  test("stop ends HAProxy for good, start brings it back", async () => {
    assert.deepEqual(parse(await act("stop")), { message: "OK", details: `Listener ${LB} stoped` });
    assert.equal(await property("ActiveState"), "inactive");
    await assert.rejects(traffic());
    await act("start");
    assert.equal(await traffic(), "member");
  });

  test("delete leaves no process, no unit and no files", async () => {
    await client.expect(200, "DELETE", `/1.0/listeners/${LB}`);
    assert.equal(await property("LoadState"), "not-found");
    const remains = [`/var/lib/octavia/${LB}`, `/var/lib/octavia/${LB}.sock`, `${UNIT_DIRECTORY}/${UNIT}`];
    for (const path of [...remains, `/etc/systemd/system/multi-user.target.wants/${UNIT}`]) {
      assert.notEqual((await machine.try("test", ["-e", path])).exitCode, 0, `${path} is still there`);
    }
    assert.deepEqual(parse(await client.expect(200, "GET", "/1.0/listeners")), []);
    await assert.rejects(traffic());
  });

  function connect(): Promise<void> {
    return connectAgent(machine, client, { name: MANAGEMENT.name, address: AGENT });
  }

  async function upload(clientTimeoutMs: number): Promise<void> {
    await client.expect(
      202,
      "PUT",
      `/1.0/loadbalancer/${AMPHORA_ID}/${LB}/haproxy`,
      await config(clientTimeoutMs),
    );
  }

  function act(action: string): Promise<string> {
    return client.expect(202, "PUT", `/1.0/loadbalancer/${LB}/${action}`);
  }

  function property(name: string, unit = UNIT): Promise<string> {
    return machine.exec("systemctl", ["show", "--value", `--property=${name}`, unit]);
  }
}

function parse(body: string): unknown {
  return JSON.parse(body);
}

/** What a client of the load balancer gets. @throws when nobody listens */
async function traffic(): Promise<string> {
  const answer = await fetch(`http://${VIP}/`, {
    headers: { connection: "close" },
    signal: AbortSignal.timeout(5_000),
  });
  return answer.text();
}

function config(clientTimeoutMs: number): Promise<string> {
  const member = { address: MEMBER, port: MEMBER_PORT };
  return haproxyConfig({ loadBalancerId: LB, listenerId: LISTENER, vip: VIP, member, clientTimeoutMs });
}
