/**
 * Logs under the image's own rsyslog: sent on as a controller's `10-rsyslog.conf` says, kept in files of bounded size.
 * Needs root; skipped, loudly, without.
 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import {
  AGENT_UNIT,
  AMPHORA_TREE,
  configureAgent,
  createIdentities,
  ELEMENT,
  installProgram,
  installUnit,
} from "../bed/amphora.ts";
import { Client } from "../bed/client.ts";
import type { Lab } from "../bed/lab.ts";
import { boot, type Machine } from "../bed/machine.ts";
import { buildTree } from "../bed/tree.ts";
import { enterOrSkip, haproxyConfig, until } from "./systemd-lab.ts";

const AMPHORA_ID = "7c1f5f0e-51b5-4a8a-9d0c-6f6f3b1f9d14";
const LB = "b2f2bb42-9d1f-4c5c-9d7a-0f1f9f0c6a24";
const LISTENER = "e0a7a1a6-3a60-4d24-8f1d-5d2a4f7d3b34";
const [CONTROLLER, AGENT, MEMBER] = ["192.0.2.1", "192.0.2.10", "127.0.0.2"];
const MANAGEMENT = { bridge: "mgmt", name: "mgmt0", mac: "fa:16:3e:00:00:01" };
const [ADMINISTRATIVE, TENANT] = [10_514, 10_515];
const STATIC = join(ELEMENT, "../../..");
const BASE_STATIC = join(STATIC, "../../amphora-base/static");
/** Two files of 8 MB, and a line that did not fit. */
const MOST_BYTES = 17_000_000;
/** As a controller renders it for one target of each kind: flow logs are of facility 0, all others of facility 1. */
const OFFLOADING = `ruleset(name="tenant_forwarding" queue.type="linkedList" queue.size="10000") {
  action(type="omfwd" target="${CONTROLLER}" port="${TENANT}" protocol="UDP"
         action.resumeRetryCount="5" action.resumeInterval="10")
}
local0.=info call tenant_forwarding
ruleset(name="admin_forwarding" queue.type="linkedList" queue.size="10000") {
  action(type="omfwd" target="${CONTROLLER}" port="${ADMINISTRATIVE}" protocol="UDP"
         action.resumeRetryCount="5" action.resumeInterval="10")
}
local1.* call admin_forwarding
`;

const lab = await enterOrSkip("an amphora that sends its logs on");
if (lab) suite("an amphora that sends its logs on", () => describeLogs(lab));

function describeLogs(room: Lab): void {
  let machine: Machine;
  let client: Client;
  const lines = { administrative: [] as string[], tenant: [] as string[] };
  const targets = [
    createSocket("udp4", (line) => lines.administrative.push(line.toString("utf8"))),
    createSocket("udp4", (line) => lines.tenant.push(line.toString("utf8"))),
  ];
  const member = createServer((_, answer) => answer.end("member"));

  before(async () => {
    await room.bridge("mgmt", [`${CONTROLLER}/24`]);
    await Promise.all(
      [ADMINISTRATIVE, TENANT].map(
        (port, index) => new Promise<void>((bound) => targets[index]?.bind(port, CONTROLLER, bound)),
      ),
    );
    machine = await boot(room, {
      name: "logging",
      tree: await buildTree(AMPHORA_TREE),
      interfaces: [MANAGEMENT],
    });
    const identities = await createIdentities(AMPHORA_ID);
    await configureAgent(machine, { identities, controller: `${CONTROLLER}:5555`, heartbeatSeconds: 10 });
    await installUnit(machine, await installProgram(machine));
    await machine.copyIn(join(STATIC, "etc/rsyslog.conf"), "/etc/rsyslog.conf");
    await machine.copyIn(join(STATIC, "usr/local/sbin"), "/usr/local/sbin");
    await machine.exec("sh", ["-c", "rm -f /etc/rsyslog.d/*"]);
    await machine.write("/etc/rsyslog.d/10-rsyslog.conf", OFFLOADING);
    await machine.exec("systemctl", ["restart", "rsyslog.service"]);
    await machine.exec("ip", ["address", "replace", `${AGENT}/24`, "dev", MANAGEMENT.name]);
    await machine.exec("ip", ["link", "set", MANAGEMENT.name, "up"]);
    await machine.exec("systemctl", ["enable", "--now", AGENT_UNIT]);
    client = new Client(AGENT, identities);
    await until("the agent", async () => (await client.send("GET", "/1.0/info")).status === 200);
  });

  after(async () => {
    for (const target of targets) target.close();
    member.close();
    await machine.stop();
  });

  test("what the agent says goes to the administrative target alone", async () => {
    await until("the agent's line", async () => has(lines.administrative, "agent.start.done"));
    assert.ok(!has(lines.tenant, "agent.start.done"));
  });

  test("what a listener's clients do goes to the tenant's target alone, HAProxy's own words to the other", async () => {
    const vip = "127.0.0.1";
    const config = await haproxyConfig({
      loadBalancerId: LB,
      listenerId: LISTENER,
      vip,
      member: { address: MEMBER, port: 8080 },
      clientTimeoutMs: 5_000,
    });
    await client.expect(202, "PUT", `/1.0/loadbalancer/${AMPHORA_ID}/${LB}/haproxy`, config);
    await client.expect(202, "PUT", `/1.0/loadbalancer/${LB}/start`);
    // Nobody serves there: it is logged all the same.
    const ask = ["netns", "exec", "amphora-haproxy", "bash", "-c"];
    const request = `exec 3<>/dev/tcp/${vip}/80; printf 'GET /flow HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
    await machine.exec("ip", ["-n", "amphora-haproxy", "link", "set", "lo", "up"]);
    await until("a flow log", async () => {
      await machine.try("ip", [...ask, request]);
      return has(lines.tenant, "/flow");
    });
    assert.match(lines.tenant.find((line) => line.includes("/flow")) ?? "", new RegExp(LISTENER));
    assert.ok(!has(lines.administrative, "/flow"));
    await until("HAProxy's words", async () => has(lines.administrative, "haproxy"));
  });

  test("all of it is kept in files of bounded size, however much there is", async () => {
    const flood = `line=$(head -c 900 /dev/zero | tr '\\0' x)
yes "<134>$line" | head -n 30000 | logger --prio-prefix --socket /run/rsyslog/octavia/log --tag flood
logger --socket /run/rsyslog/octavia/log --tag flood the-end`;
    await machine.exec("bash", ["-c", flood], { timeoutMs: 300_000 });
    const tail = "grep -l the-end /var/log/octavia.log /var/log/octavia.log.1 2>/dev/null | grep -c .";
    await until("the last line", async () => (await machine.exec("sh", ["-c", tail])).trim() !== "0");
    const sizes = (await machine.exec("sh", ["-c", "stat -c %s /var/log/octavia.log*"])).trim().split("\n");
    console.log(`# ${sizes.join(" + ")} bytes are kept of 27 MB`);
    assert.equal(sizes.length, 2);
    assert.ok(sum(sizes) <= MOST_BYTES, sizes.join(" + "));
  });

  test("the journal is in memory, and bounded, however much there is", async () => {
    const file = "etc/systemd/journald.conf.d/10-amphora.conf";
    await machine.copyIn(join(BASE_STATIC, file), `/${file}`);
    await machine.exec("systemctl", ["restart", "systemd-journald.service"]);
    const onDisk = () => machine.exec("sh", ["-c", "du -sb /var/log/journal | cut -f1"]);
    const before_ = await onDisk();
    // What cannot be compressed, 48 MB of it.
    const flood = "head -c 36M /dev/urandom | base64 -w 4000 | systemd-cat -t flood";
    await machine.exec("bash", ["-c", flood], { timeoutMs: 300_000 });
    const used = Number(await machine.exec("sh", ["-c", "du -sm /run/log/journal | cut -f1"]));
    console.log(`# ${used} MB of journal are kept of 48 MB`);
    assert.ok(used > 8 && used <= 32, `${used} MB`);
    assert.equal(await onDisk(), before_);
  });
}

function has(lines: readonly string[], word: string): boolean {
  return lines.some((line) => line.includes(word));
}

function sum(numbers: readonly string[]): number {
  return numbers.reduce((total, number) => total + Number(number), 0);
}
