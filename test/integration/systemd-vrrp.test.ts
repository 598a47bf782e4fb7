/** keepalived in a booted machine, as units of systemd. Needs root; skipped, loudly, without. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
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
import { connectAgent, enterOrSkip, explainUnit, haproxyConfig, plugVip, until } from "./systemd-lab.ts";

const AMPHORA_ID = "7c1f5f0e-51b5-4a8a-9d0c-6f6f3b1f9d12";
const LB = "b2f2bb42-9d1f-4c5c-9d7a-0f1f9f0c6a22";
const LI = "71012cc1-3a6c-4edc-bc23-bf857b818226";
const VRRP_UNIT = "octavia-keepalived.service";
const LVS_UNIT = `octavia-keepalivedlvs-${LI}.service`;
const BASE = "/var/lib/octavia";
const CHECK = `${BASE}/vrrp/check_scripts/haproxy_check_script.sh`;
const [CONTROLLER, AGENT] = ["192.0.2.1", "192.0.2.10"];
const [VIP, SECOND_VIP, VRRP_IP, MEMBER] = ["203.0.113.5", "203.0.113.6", "203.0.113.10", "203.0.113.99"];
const MEMBER_PORT = 8080;
const HTTP_LISTENER = {
  loadBalancerId: LB,
  listenerId: "e0a7a1a6-3a60-4d24-8f1d-5d2a4f7d3b32",
  vip: VIP,
  member: { address: MEMBER, port: MEMBER_PORT },
  clientTimeoutMs: 60_000,
};
const MANAGEMENT = { bridge: "mgmt", name: "mgmt0", mac: "fa:16:3e:00:00:03" };
const TENANT = { bridge: "tenant", name: "tenant0", mac: "fa:16:3e:00:00:04" };

const lab = await enterOrSkip("keepalived under systemd");
if (lab) suite("keepalived under systemd", () => describeKeepalived(lab));

function describeKeepalived(room: Lab): void {
  let machine: Machine;
  let client: Client;
  let heartbeats = 0;
  const member = createServer((_, answer) => answer.end("member"));
  const controller = createSocket("udp4").on("message", () => {
    heartbeats += 1;
  });

  before(async () => {
    await room.bridge("mgmt", [`${CONTROLLER}/24`]);
    await room.bridge("tenant", [`${MEMBER}/24`]);
    await new Promise<void>((listening) => member.listen(MEMBER_PORT, MEMBER, listening));
    await new Promise<void>((bound) => controller.bind(5555, CONTROLLER, bound));
    const interfaces = [MANAGEMENT, TENANT];
    machine = await boot(room, { name: "amphora", tree: await buildTree(AMPHORA_TREE), interfaces });
    const identities = await createIdentities(AMPHORA_ID);
    const settings = { identities, controller: `${CONTROLLER}:5555`, heartbeatSeconds: 1 };
    await configureAgent(machine, { ...settings, topology: "ACTIVE_STANDBY" });
    await installUnit(machine, await installProgram(machine));
    await machine.exec("systemctl", ["enable", "--now", AGENT_UNIT]);
    client = new Client(AGENT, identities);
    await connect();
    await plugVip(client, { vip: VIP, vrrpIp: VRRP_IP, mac: TENANT.mac });
  });

  after(async () => {
    member.close();
    controller.close();
    await machine.stop();
  });

  test("an upload makes an enabled unit, and does not start it", async () => {
    await client.expect(200, "PUT", "/1.0/vrrp/upload", vrrpConfig([VIP]));
    assert.equal(await machine.exec("systemctl", ["is-enabled", VRRP_UNIT]), "enabled");
    assert.equal(await property("ActiveState"), "inactive");
    assert.equal(await read(CHECK), "exit 1");
  });

  test("a reload before the start is an error with systemctl's words", async () => {
    const answer = await client.send("PUT", "/1.0/vrrp/reload");
    assert.equal(answer.status, 500);
    const { message, details } = parse(answer.body) as { message: string; details: string };
    assert.equal(message, "Failed to reload octavia-keepalived service");
    assert.match(details, /not active/);
  });

  test("keepalived starts in the namespace, and keeps away from the VIP as long as nothing serves", async () => {
    assert.deepEqual(await vrrp("start"), { message: "OK", details: "keepalived started" });
    assert.equal(await property("ActiveState"), "active");
    const pid = await property("MainPID");
    assert.equal(await machine.exec("ip", ["netns", "identify", pid]), "amphora-haproxy");
    assert.equal(await machine.exec("cat", [`${BASE}/vrrp/octavia-keepalived.pid`]), pid);
    await until("the check's verdict", async () => /check_script.* failed/.test(await journal()));
    assert.equal(await holds(VIP), false);
  });

  test("the VIP comes with the load balancer, and serves", async () => {
    await client.expect(
      202,
      "PUT",
      `/1.0/loadbalancer/${AMPHORA_ID}/${LB}/haproxy`,
      await haproxyConfig(HTTP_LISTENER),
    );
    assert.equal(await read(CHECK), "exit 1");
    await act(LB, "reload");
    assert.equal(await read(CHECK), `haproxy-vrrp-check ${BASE}/${LB}.sock; exit $?`);
    await until("the VIP", () => holds(VIP));
    await until("traffic", async () => (await traffic()) === "member");
  });

  test("the details tell the role, and that it is the unit's own process that has it", async () => {
    await until("the role", async () => (await roles()).includes("MASTER"));
    assert.equal((await roles()).length, 1);
    assert.match(await property("ExecStart"), /-f \/var\/lib\/octavia\/vrrp\/amphora-agent\.conf /);
  });

  test("heartbeats arrive while keepalived runs", async () => {
    const before = heartbeats;
    await until("heartbeats", async () => heartbeats > before + 1);
  });

  test("a second start reloads: a new configuration is at work, in the same process", async () => {
    const before = await property("MainPID");
    await client.expect(200, "PUT", "/1.0/vrrp/upload", vrrpConfig([VIP, SECOND_VIP]));
    assert.deepEqual(await vrrp("START"), { message: "OK", details: "keepalived reloaded" });
    await until("the second VIP", () => holds(SECOND_VIP));
    assert.equal(await property("MainPID"), before);
  });

  test("a HAProxy that is only restarted leaves keepalived and the VIP alone", async () => {
    const before = await property("MainPID");
    await machine.exec("systemctl", ["restart", `haproxy-${LB}.service`]);
    await until(
      "the condition",
      async () => (await property("Result", "amphora-stand-down.service")) === "exec-condition",
    );
    assert.equal(await property("MainPID"), before);
    assert.ok(await holds(VIP));
  });

  test("a HAProxy that crashes stays checked, one that is stopped takes the VIP along", async () => {
    const haproxy = await property("MainPID", `haproxy-${LB}.service`);
    await killMain(`haproxy-${LB}.service`);
    await client.expect(200, "PUT", "/1.0/vrrp/upload", vrrpConfig([VIP, SECOND_VIP]));
    assert.equal(await read(CHECK), `haproxy-vrrp-check ${BASE}/${LB}.sock; exit $?`);
    await until(
      "HAProxy",
      async () => !["0", haproxy].includes(await property("MainPID", `haproxy-${LB}.service`)),
      () => explainUnit(machine, `haproxy-${LB}.service`),
    );
    await act(LB, "stop");
    assert.equal(await read(CHECK), "exit 1");
    await until("no VIP", async () => !(await holds(VIP)));
    await until("the role", async () => (await roles()).includes("FAULT"));
    await act(LB, "start");
    await until("the VIP", () => holds(VIP));
  });

  test("a restart of the agent leaves keepalived and the VIP alone", async () => {
    const before = await property("MainPID");
    await machine.exec("systemctl", ["restart", AGENT_UNIT]);
    await connect();
    assert.equal(await property("MainPID"), before);
    assert.ok(await holds(VIP));
    assert.deepEqual(await roles(), ["MASTER"]);
  });

  test("a unit file that was changed is rewritten by the next upload", async () => {
    const path = `/usr/lib/systemd/system/${VRRP_UNIT}`;
    const unit = await machine.exec("cat", [path]);
    await machine.write(path, unit.replace("--log-facility=1", "--log-facility=7"));
    await client.expect(200, "PUT", "/1.0/vrrp/upload", vrrpConfig([VIP]));
    assert.equal(await machine.exec("cat", [path]), unit);
    assert.equal(await property("NeedDaemonReload"), "no");
  });

  test("an amphora whose keepalived is gone sends no heartbeats until systemd has started it again", async () => {
    await killMain(VRRP_UNIT);
    await until("silence", async () =>
      (await machine.exec("journalctl", ["-u", AGENT_UNIT])).includes("heartbeat.guard.stopped"),
    );
    const before = heartbeats;
    await until("heartbeats", async () => heartbeats > before + 1);
    await until("the VIP", () => holds(VIP));
  });

  test("files that somebody removes come back: units, pid files, what keepalived runs and reads", async () => {
    const units = "/usr/lib/systemd/system";
    const files = [
      `${units}/${VRRP_UNIT}`,
      `${units}/${VRRP_UNIT}.d/amphora-agent.conf`,
      `${units}/haproxy-${LB}.service`,
      `${units}/amphora-netns.service`,
      `/etc/systemd/system/multi-user.target.wants/${VRRP_UNIT}`,
      `${BASE}/${LB}/${LB}.pid`,
      `${BASE}/${LB}/agent.cfg`,
      `${BASE}/vrrp/octavia-keepalived.pid`,
      `${BASE}/vrrp/check_script.sh`,
      `${BASE}/vrrp/amphora-agent.conf`,
      CHECK,
    ];
    const texts = await Promise.all(files.map(read));
    await machine.exec("rm", files);
    await until("all files", async () => {
      const present = await Promise.all(files.map(read));
      return present.every((text, index) => text === texts[index]);
    });
    assert.ok(await holds(VIP));
    assert.equal(await property("NeedDaemonReload"), "no");
  });

  test("a HAProxy that systemd gave up takes the VIP along at once, and is started again", async () => {
    const unit = `haproxy-${LB}.service`;
    const dropIn = `/run/systemd/system/${unit}.d`;
    await machine.write(`${dropIn}/test.conf`, "[Service]\nRestart=no\n");
    await machine.exec("systemctl", ["daemon-reload"]);
    const before = await property("MainPID");
    await killMain(unit);
    await until(
      "another keepalived",
      async () => !["0", before].includes(await property("MainPID")),
      () => explainUnit(machine, unit),
    );
    await machine.exec("rm", ["-r", dropIn]);
    await machine.exec("systemctl", ["daemon-reload"]);
    // Something to be heard: the next regular look may be half a minute away.
    await machine.exec("rm", ["-f", `${BASE}/${LB}/${LB}.pid`]);
    await machine.exec("touch", [`${BASE}/${LB}/heard.pid`]);
    await until("HAProxy", async () => (await property("ActiveState", unit)) === "active");
    await until("the VIP", () => holds(VIP));
    await machine.exec("rm", [`${BASE}/${LB}/heard.pid`]);
  });

  test("an LVS listener is a unit of its own, and a reload restarts it for another configuration", async () => {
    const path = `/1.0/listeners/${AMPHORA_ID}/${LI}/udp_listener`;
    await client.expect(200, "PUT", path, LVS_CONFIG);
    assert.equal(await client.expect(200, "GET", `/1.0/listeners/${LI}/udp_listener`), LVS_CONFIG);
    assert.equal(await machine.exec("systemctl", ["is-enabled", LVS_UNIT]), "enabled");
    assert.deepEqual(await act(LI, "reload"), {
      message: "OK",
      details: `keepalivedlvs listener ${LI} restarted`,
    });
    const before = await property("MainPID", LVS_UNIT);
    assert.equal(await machine.exec("ip", ["netns", "identify", before]), "amphora-haproxy");
    await act(LI, "reload");
    assert.equal(await property("MainPID", LVS_UNIT), before);
    await client.expect(200, "PUT", path, `${LVS_CONFIG}# another one\n`);
    await act(LI, "reload");
    assert.notEqual(await property("MainPID", LVS_UNIT), before);
    await client.expect(200, "PUT", path, LVS_CONFIG);
    assert.deepEqual((parse(await client.expect(200, "GET", "/1.0/listeners")) as unknown[])[1], {
      status: "OFFLINE",
      uuid: LI,
      type: "UDP",
    });
    const details = parse(await client.expect(200, "GET", "/1.0/details"));
    assert.partialDeepStrictEqual(details, { haproxy_count: 1, lvs_listener_process_count: 1 });
  });

  test("keepalived's whole check passes with both kinds of listener, and fails when either is gone", async () => {
    const verdict = async () => (await machine.try(`${BASE}/vrrp/check_script.sh`, [])).exitCode;
    assert.equal(await verdict(), 0);
    await machine.exec("systemctl", ["kill", "--signal=STOP", `haproxy-${LB}.service`]);
    assert.equal(await verdict(), 1);
    await machine.exec("systemctl", ["kill", "--signal=CONT", `haproxy-${LB}.service`]);
    await until("the VIP", () => holds(VIP));
    assert.equal(await verdict(), 0);
  });

  test("everything is back after a reboot, over pid files that name living processes of this boot", async () => {
    await machine.stop();
    for (const stem of ["vrrp/octavia-keepalived", `lvs/octavia-keepalivedlvs-${LI}`]) {
      await machine.write(`${BASE}/${stem}.pid`, "1\n");
    }
    await machine.start();
    await connect();
    for (const unit of [VRRP_UNIT, LVS_UNIT, `haproxy-${LB}.service`]) {
      assert.equal(await property("ActiveState", unit), "active", unit);
    }
    await until("the VIP", () => holds(VIP));
    await until("traffic", async () => (await traffic()) === "member");
  });

  test("a deleted LVS listener leaves neither unit nor files", async () => {
    await client.expect(200, "DELETE", `/1.0/listeners/${LI}`);
    const wanted = `/etc/systemd/system/multi-user.target.wants/${LVS_UNIT}`;
    for (const path of [wanted, `/usr/lib/systemd/system/${LVS_UNIT}`]) {
      assert.notEqual((await machine.try("test", ["-e", path])).exitCode, 0, `${path} is still there`);
    }
    assert.equal(await machine.exec("ls", [`${BASE}/lvs`]), "check");
    assert.equal(await property("ActiveState", LVS_UNIT), "inactive");
    await client.expect(200, "DELETE", `/1.0/listeners/${LI}`);
  });

  test("a stop ends keepalived and gives the VIP up", async () => {
    assert.deepEqual(await vrrp("stop"), { message: "OK", details: "keepalived stoped" });
    assert.equal(await property("ActiveState"), "inactive");
    await until("no VIP", async () => !(await holds(VIP)));
  });

  test("the deletion of the last load balancer leaves a check that fails", async () => {
    await client.expect(200, "DELETE", `/1.0/listeners/${LB}`);
    assert.equal(await read(CHECK), "exit 1");
  });

  function connect(): Promise<void> {
    return connectAgent(machine, client, { name: MANAGEMENT.name, address: AGENT });
  }

  async function act(id: string, action: string): Promise<unknown> {
    return parse(await client.expect(202, "PUT", `/1.0/loadbalancer/${id}/${action}`));
  }

  async function vrrp(action: string): Promise<unknown> {
    return parse(await client.expect(202, "PUT", `/1.0/vrrp/${action}`));
  }

  async function roles(): Promise<string[]> {
    const details = parse(await client.expect(200, "GET", "/1.0/details")) as {
      vrrp_instances?: { role: string }[];
    };
    return (details.vrrp_instances ?? []).map(({ role }) => role);
  }

  async function killMain(unit: string): Promise<void> {
    await machine.exec("systemctl", ["kill", "--signal=KILL", "--kill-who=main", unit]);
  }

  function property(name: string, unit = VRRP_UNIT): Promise<string> {
    return machine.exec("systemctl", ["show", "--value", `--property=${name}`, unit]);
  }

  function read(path: string): Promise<string> {
    return machine.exec("cat", [path]);
  }

  function journal(): Promise<string> {
    return machine.exec("journalctl", ["--boot", "_COMM=keepalived"]);
  }

  async function holds(address: string): Promise<boolean> {
    const text = await machine.exec("ip", ["-n", "amphora-haproxy", "-o", "address", "show", "dev", "eth1"]);
    return text.includes(` ${address}/32 `);
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

/** A listener without a pool: such a keepalived runs, and needs no ip_vs in the kernel. */
const LVS_CONFIG = `# Configuration for Loadbalancer ${LB}
# Configuration for Listener ${LI}

net_namespace amphora-haproxy

`;

/** As controllers render it, with a check every second. */
function vrrpConfig(vips: readonly string[]): string {
  return `vrrp_script check_script {
    script ${BASE}/vrrp/check_script.sh
    interval 1
    fall 2
    rise 2
}

vrrp_instance ${LB.replaceAll("-", "")} {
    interface eth1
    virtual_router_id 1
    priority 100
    nopreempt
    accept
    garp_master_refresh 5
    garp_master_refresh_repeat 2
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 7a3f9c1
    }

    unicast_src_ip ${VRRP_IP}
    unicast_peer {
        203.0.113.12
    }

    virtual_ipaddress {
${vips.map((vip) => `        ${vip}\n`).join("")}    }

    virtual_ipaddress_excluded {
    }

    virtual_routes {
        203.0.113.0/24 dev eth1 src ${VIP} scope link table 1
        default via 203.0.113.1 dev eth1 onlink table 1
    }

    virtual_rules {
        from ${VIP}/32 table 1 priority 100
    }

    track_script {
        check_script
    }
}
`;
}
