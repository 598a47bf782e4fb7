/**
 * An amphora without room: no disk space, no disk that can be written, no new processes, no memory. What runs goes on,
 * and its status says what is wrong. Needs root; skipped, loudly, without.
 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Diagnosis } from "../../agent/doctor/types.ts";
import type { Problem, Status } from "../../agent/status/types.ts";
import {
  AGENT_UNIT,
  AMPHORA_TREE,
  configureAgent,
  createIdentities,
  installProgram,
  installUnit,
} from "../bed/amphora.ts";
import { Client } from "../bed/client.ts";
import { BedUnavailable } from "../bed/host.ts";
import type { Lab } from "../bed/lab.ts";
import { boot, type Machine } from "../bed/machine.ts";
import { buildTree } from "../bed/tree.ts";
import { CLOCK } from "../e2e/faults.ts";
import { connectAgent, enterOrSkip, haproxyConfig, plugVip, until } from "./systemd-lab.ts";

const AMPHORA_ID = "7c1f5f0e-51b5-4a8a-9d0c-6f6f3b1f9d13";
const LB = "b2f2bb42-9d1f-4c5c-9d7a-0f1f9f0c6a23";
const HAPROXY_UNIT = `haproxy-${LB}.service`;
const LISTENER = "e0a7a1a6-3a60-4d24-8f1d-5d2a4f7d3b33";
const [CONTROLLER, AGENT] = ["192.0.2.1", "192.0.2.10"];
const [VIP, VRRP_IP, MEMBER] = ["203.0.113.5", "203.0.113.10", "203.0.113.99"];
const MEMBER_PORT = 8080;
const MANAGEMENT = { bridge: "mgmt", name: "mgmt0", mac: "fa:16:3e:00:00:01" };
const TENANT = { bridge: "tenant", name: "tenant0", mac: "fa:16:3e:00:00:02" };
/** Holds the program besides what an amphora writes. */
const DISK = "600m";
/** Starts what it can, and goes on trying. */
const GREEDY = `[Service]
ExecStart=/bin/bash -c 'while :; do sleep 10000 & done'
`;
const AMPHORA = "amphora";
const MEGABYTE = 1024 * 1024;
/** For everything that happens while memory is short. */
const ROOM_BYTES = 200 * MEGABYTE;
/** Takes more than there is, is ended by the kernel, and comes again. */
const DEVOURER = `[Unit]
StartLimitIntervalSec=0
[Service]
ExecStart=/usr/bin/tail /dev/zero
Restart=always
`;
/** So often the kernel has to look for somebody to end. */
const ENDED = 5;
/** The agent sends one a second. */
const HEARTBEATS = 3;

const lab = await enterOrSkip("an amphora without room");
if (lab) suite("an amphora without room", () => describeShortage(lab));

function describeShortage(room: Lab): void {
  let machine: Machine;
  let client: Client;
  let heartbeats = 0;
  const member = createServer((_, answer) => answer.end("member"));
  const controller = createSocket("udp4", () => {
    heartbeats += 1;
  });

  before(async () => {
    await room.bridge("mgmt", [`${CONTROLLER}/24`]);
    await room.bridge("tenant", [`${MEMBER}/24`]);
    await new Promise<void>((listening) => member.listen(MEMBER_PORT, MEMBER, listening));
    await new Promise<void>((bound) => controller.bind(5555, CONTROLLER, bound));
    machine = await boot(room, {
      name: "narrow",
      tree: await buildTree(AMPHORA_TREE),
      interfaces: [MANAGEMENT, TENANT],
      disk: DISK,
      countsMemory: true,
    });
    await machine.write("/etc/systemd/system/greedy.service", GREEDY);
    await machine.write("/etc/systemd/system/devourer.service", DEVOURER);
    const identities = await createIdentities(AMPHORA_ID);
    await configureAgent(machine, { identities, controller: `${CONTROLLER}:5555`, heartbeatSeconds: 1 });
    await installUnit(machine, await installProgram(machine));
    await machine.exec("systemctl", ["enable", "--now", AGENT_UNIT]);
    client = new Client(AGENT, identities);
    await connectAgent(machine, client, { name: MANAGEMENT.name, address: AGENT });
    await plugVip(client, { vip: VIP, vrrpIp: VRRP_IP, mac: TENANT.mac });
    assert.equal((await upload(60_000)).status, 202);
    await client.expect(202, "PUT", `/1.0/loadbalancer/${LB}/start`);
    await until("a healthy amphora", async () => (await problems()).length === 0);
  });

  after(async () => {
    controller.close();
    member.closeAllConnections();
    member.close();
    await machine.stop();
  });

  test("a full disk", async () => {
    await during({
      injure: () => machine.exec("sh", ["-c", "dd if=/dev/zero of=/filler bs=1M 2>/dev/null; true"]),
      problem: /^the disk is full: nothing can be changed$/,
      heal: () => machine.exec("rm", ["/filler"]),
    });
  });

  test("a file system that is read-only", async () => {
    const directories = "/etc /var /usr /opt /root";
    await during({
      // What is open for writing keeps the kernel from making it so itself.
      injure: () =>
        machine.exec("sh", [
          "-ec",
          `for d in ${directories}; do mount --bind $d $d; mount -o remount,bind,ro $d; done`,
        ]),
      problem: /^the disk is read-only: nothing can be changed$/,
      heal: () => machine.exec("sh", ["-ec", `umount -l ${directories}`]),
    });
  });

  test("no room for new processes in the whole machine", async (t) => {
    try {
      await machine.limitTasks(50);
    } catch (error) {
      if (!(error instanceof BedUnavailable)) throw error;
      console.error(`SKIPPED: no room for new processes: ${error.message}`);
      t.skip(error.message);
      return;
    }
    await during({
      injure: async () => {
        await machine.exec("systemctl", ["start", "greedy.service"]);
      },
      problem: /^no new process can be started: /,
      heal: async () => {
        await machine.exec("systemctl", ["stop", "greedy.service"]);
        await machine.unlimitTasks();
      },
    });
  });

  test("memory is used up: what took it is ended, and not the agent, HAProxy or keepalived", async (t) => {
    const [before_, agent, haproxy] = [heartbeats, await pidOf(AGENT_UNIT), await pidOf(HAPROXY_UNIT)];
    // Some containers do not let systemd set it.
    assert.equal(await property(HAPROXY_UNIT, "OOMScoreAdjust"), "-500");
    try {
      await machine.limitMemory(ROOM_BYTES);
    } catch (error) {
      if (!(error instanceof BedUnavailable)) throw error;
      console.error(`SKIPPED: memory is used up: ${error.message}`);
      t.skip(error.message);
      return;
    }
    await using traffic = new Traffic();
    try {
      const ended = await machine.endedForMemory();
      await machine.exec("systemctl", ["start", "devourer.service"]);
      await until("processes that were ended", async () => (await machine.endedForMemory()) >= ended + ENDED);
      await traffic.goesOn();
      await until("more heartbeats", async () => heartbeats >= before_ + HEARTBEATS);
      assert.deepEqual([await pidOf(AGENT_UNIT), await pidOf(HAPROXY_UNIT)], [agent, haproxy]);
      // As it would be if the kernel ended it all the same.
      await machine.exec("systemctl", ["kill", "--signal=KILL", AGENT_UNIT]);
      const then = heartbeats;
      await until("heartbeats of a new agent", async () => heartbeats >= then + HEARTBEATS);
      assert.notEqual(await pidOf(AGENT_UNIT), agent);
      assert.equal(await pidOf(HAPROXY_UNIT), haproxy);
    } finally {
      await machine.exec("systemctl", ["stop", "devourer.service"]);
      await machine.unlimitMemory();
    }
    await until("a healthy amphora", async () => (await problems()).length === 0);
    assert.deepEqual(traffic.failures, []);
  });

  test("a clock that a service should keep is one that is not synchronised, if the kernel says so", async () => {
    const shell = (script: string) => machine.exec("bash", ["-ec", script]);
    await CLOCK.inject({ shell });
    try {
      const [kept, synchronised] = (
        await shell("timedatectl show --property=NTP --property=NTPSynchronized --value")
      ).split("\n");
      assert.equal(kept, "yes");
      const { findings } = await diagnose();
      assert.equal(
        findings.some(({ text }) => CLOCK.text.test(text)),
        synchronised === "no",
      );
    } finally {
      await CLOCK.repair({ shell });
    }
  });

  interface Shortage {
    injure(): Promise<unknown>;
    readonly problem: RegExp;
    heal(): Promise<unknown>;
  }

  /** Traffic and heartbeats go on; status and doctor name the problem; changes are refused, and change nothing. */
  async function during({ injure, problem, heal }: Shortage): Promise<void> {
    await using traffic = new Traffic();
    await traffic.goesOn();
    await injure();
    const before_ = heartbeats;
    try {
      for (const look of [problems, remoteProblems]) {
        await until(`status says ${problem}`, async () =>
          (await look()).some(({ text }) => problem.test(text)),
        );
      }
      const { findings } = await diagnose();
      const finding = findings.find(({ text }) => problem.test(text));
      assert.equal(finding?.severity, "failure", JSON.stringify(findings, null, 1));
      assert.ok(finding.remedy.length > 0);
      const refused = await upload(70_000);
      assert.equal(refused.status, 500, refused.body);
      assert.match(refused.body, /^\{"(message|error)":/);
      await until("more heartbeats", async () => heartbeats >= before_ + HEARTBEATS);
      await traffic.goesOn();
    } finally {
      await heal();
    }
    await until("a healthy amphora", async () => (await problems()).length === 0);
    assert.equal((await upload(70_000)).status, 202);
    await client.expect(202, "PUT", `/1.0/loadbalancer/${LB}/reload`);
    await traffic.goesOn();
    assert.deepEqual(traffic.failures, []);
    console.log(`# ${traffic.answers} requests answered, ${heartbeats - before_} heartbeats, ${problem}`);
  }

  function upload(clientTimeoutMs: number) {
    const path = `/1.0/loadbalancer/${AMPHORA_ID}/${LB}/haproxy`;
    return haproxyConfig({
      loadBalancerId: LB,
      listenerId: LISTENER,
      vip: VIP,
      member: { address: MEMBER, port: MEMBER_PORT },
      clientTimeoutMs,
    }).then((config) => client.send("PUT", path, config));
  }

  async function problems(): Promise<readonly Problem[]> {
    const { stdout, stderr } = await machine.try(AMPHORA, ["status", "--json"]);
    assert.ok(stdout.startsWith("{"), stderr);
    return (JSON.parse(stdout) as Status).problems;
  }

  async function remoteProblems(): Promise<readonly Problem[]> {
    return (JSON.parse(await client.expect(200, "GET", "/agent/v1/status")) as Status).problems;
  }

  const property = (unit: string, name: string): Promise<string> =>
    machine.exec("systemctl", ["show", `--property=${name}`, "--value", unit]);
  const pidOf = (unit: string): Promise<string> => property(unit, "MainPID");

  async function diagnose(): Promise<Diagnosis> {
    const { stdout, stderr } = await machine.try(AMPHORA, ["doctor", "--json"]);
    assert.ok(stdout.startsWith("{"), stderr);
    return JSON.parse(stdout) as Diagnosis;
  }
}

/** A client that asks the VIP again and again, each time over a connection of its own. */
class Traffic implements AsyncDisposable {
  readonly failures: string[] = [];
  answers = 0;
  #isOver = false;
  readonly #asking = this.#ask();

  /** Some more answers came. */
  async goesOn(): Promise<void> {
    const enough = this.answers + 20;
    await until("traffic", async () => this.answers >= enough);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#asking;
  }

  async #ask(): Promise<void> {
    while (!this.#isOver) {
      try {
        const answer = await fetch(`http://${VIP}/`, {
          headers: { connection: "close" },
          signal: AbortSignal.timeout(5_000),
        });
        const text = await answer.text();
        if (text !== "member") this.failures.push(`${answer.status} ${text}`);
      } catch (error) {
        this.failures.push(String(error));
      }
      this.answers += 1;
      await sleep(20);
    }
  }
}
