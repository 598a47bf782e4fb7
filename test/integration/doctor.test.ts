/** `amphora doctor` beside the real daemon and a real HAProxy: silent while all is well, and each fault by its name. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { after, before, test } from "node:test";
import type { Severity } from "../../agent/doctor/types.ts";
import { amphora } from "./command.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import {
  type Answerer,
  aConfig,
  act,
  examine,
  findingWith,
  HAPROXY_CONFIG_FILE,
  healthy,
  LOAD_BALANCER,
  MEMBERS,
  plugVip,
  startMember,
  upload,
  VIP,
} from "./doctor-host.ts";
import { inside, OUTSIDE, shell } from "./network-rig.ts";

const SERVER_PEM = "/etc/octavia/certs/server.pem";
const BASE = "/var/lib/octavia";
const LISTENER_CERTIFICATE = `/1.0/loadbalancer/${LOAD_BALANCER}/certificates/listener.pem`;
const [FIRST, SECOND] = MEMBERS;
let daemon: Daemon;
let members: Answerer[];
let far: string;

before(async () => {
  daemon = await startDaemon();
  ({ far } = await plugVip(daemon));
  members = await Promise.all(MEMBERS.map(({ address }) => startMember(address)));
  assert.equal(await upload(daemon, aConfig()), 202);
  await act(daemon, "start");
});
after(async () => {
  for (const member of members) await member.stop();
  await daemon.client.ask("DELETE", `/1.0/listeners/${LOAD_BALANCER}`);
  await daemon[Symbol.asyncDispose]();
});

interface Fault {
  /** Part of a sentence. */
  readonly name: string;
  inject(): Promise<unknown>;
  /** Of the finding. */
  readonly text: RegExp;
  readonly severity: Severity;
  readonly remedy: RegExp;
  repair(): Promise<unknown>;
}

const BRING_UP = /^amphora exec -- amphora-interface up eth1$/;
let agentConfig = "";
let connections: ChildProcess[] = [];

/** The agent puts such things right at once, when it is there. */
function unattended(fault: Fault): Fault {
  return {
    ...fault,
    inject: async () => {
      await daemon.kill();
      await fault.inject();
    },
    repair: async () => {
      await fault.repair();
      await daemon.start();
    },
  };
}

const FAULTS: readonly Fault[] = [
  {
    name: "a member that refuses",
    inject: async () => members[1]?.stop(),
    text: new RegExp(`^member ${SECOND.id}, ${SECOND.address}:8080, refuses$`),
    severity: "failure",
    remedy: /does the member's program run/,
    repair: async () => {
      members[1] = await startMember(SECOND.address);
    },
  },
  {
    name: "a member that does not answer",
    inject: () => shell(`ip -n ${OUTSIDE} addr del ${FIRST.address}/32 dev lo`),
    text: new RegExp(`^member ${FIRST.id}, ${FIRST.address}:8080, (does not answer|cannot be reached)`),
    severity: "failure",
    remedy: /ip route get 10\.0\.0\.10; security group/,
    repair: () => shell(`ip -n ${OUTSIDE} addr add ${FIRST.address}/32 dev lo`),
  },
  unattended({
    name: "a VIP that is missing",
    inject: () => inside(`ip addr del ${VIP}/32 dev eth1`),
    text: new RegExp(`^${VIP}/32 is missing on eth1$`),
    severity: "failure",
    remedy: BRING_UP,
    repair: bringUp,
  }),
  unattended({
    name: "a missing route",
    inject: () => inside("ip route del default table 1"),
    text: /^the default route via 203\.0\.113\.1 of eth1 in table 1 is missing$/,
    severity: "failure",
    remedy: BRING_UP,
    repair: bringUp,
  }),
  unattended({
    name: "a missing rule",
    inject: () => inside(`ip rule del from ${VIP} table 1`),
    text: new RegExp(`^the rule that sends what comes from ${VIP}/32 to table 1 is missing$`),
    severity: "failure",
    remedy: BRING_UP,
    repair: bringUp,
  }),
  unattended({
    name: "an address that nobody asked for",
    inject: () => inside("ip addr add 198.51.100.9/24 dev eth1"),
    text: /^198\.51\.100\.9\/24 is on eth1 and in no interface file$/,
    severity: "warning",
    remedy: BRING_UP,
    repair: () => inside("ip addr del 198.51.100.9/24 dev eth1"),
  }),
  {
    name: "an interface without a link",
    inject: () => shell(`ip -n ${OUTSIDE} link set ${far} down`),
    text: /^eth1 has no link$/,
    severity: "failure",
    remedy: /is the port still attached/,
    repair: () => shell(`ip -n ${OUTSIDE} link set ${far} up`),
  },
  unattended({
    name: "another MTU than the network's",
    inject: () => inside("ip link set eth1 mtu 1400"),
    text: /^eth1 has an MTU of 1400, and its network one of 1450$/,
    severity: "warning",
    remedy: /^amphora exec -- ip link set eth1 mtu 1450$/,
    repair: () => inside("ip link set eth1 mtu 1450"),
  }),
  {
    name: "a path that swallows large packets",
    inject: () => shell(`ip -n ${OUTSIDE} link set ${far} mtu 1400`),
    text: new RegExp(
      `^packets of 1450 bytes to ${FIRST.address.replace(".10", ".1[01]")} vanish, and 1400 bytes`,
    ),
    severity: "failure",
    remedy: /fragmentation needed/,
    repair: () => shell(`ip -n ${OUTSIDE} link set ${far} mtu 1450`),
  },
  {
    name: "a second host with the VIP",
    inject: () =>
      shell(`ip -n ${OUTSIDE} link add second link ${far} type macvlan mode bridge
        ip -n ${OUTSIDE} link set second up; ip -n ${OUTSIDE} addr add ${VIP}/32 dev second`),
    text: new RegExp(`^another host answers for ${VIP} on the network of eth1$`),
    severity: "failure",
    remedy: /arping -D -I eth1 203\.0\.113\.5 shows its MAC/,
    repair: () => shell(`ip -n ${OUTSIDE} link del second; ip -n ${OUTSIDE} neigh flush all`),
  },
  {
    name: "ports for connections that run out",
    inject: async () => {
      await inside("sysctl -qw net.ipv4.ip_local_port_range='40000 40019'");
      connections = Array.from({ length: 17 }, () => {
        const words = ["netns", "exec", "amphora-haproxy", "socat", "-u", `TCP:${FIRST.address}:8080`, "-"];
        return spawn("ip", words, { stdio: "ignore" });
      });
    },
    text: /^(1[6-9]|20) of 20 ports for connections from \S+ to 10\.0\.0\.10:8080 are taken$/,
    severity: "warning",
    remedy: /ip_local_port_range/,
    repair: async () => {
      await inside("sysctl -qw net.ipv4.ip_local_port_range='32768 60999'");
      for (const child of connections) {
        if (child.exitCode === null && child.signalCode === null) {
          const ended = once(child, "exit");
          child.kill();
          await ended;
        }
      }
    },
  },
  {
    name: "an upload that HAProxy has refused",
    inject: () => upload(daemon, "nonsense\n"),
    text: /^HAProxy refused the last upload; the one before is in use$/,
    severity: "warning",
    remedy: /haproxy\.cfg\.new-failed says why$/,
    repair: async () => {
      assert.equal(await upload(daemon, aConfig("    # once more\n")), 202);
      await act(daemon, "reload");
    },
  },
  {
    name: "an upload that nobody has let HAProxy read",
    inject: () => upload(daemon, aConfig("    timeout queue 7s\n")),
    text: /^HAProxy does not run \S+haproxy\.cfg: 1 change waits for a reload$/,
    severity: "warning",
    remedy: /^amphora diff shows/,
    repair: () => act(daemon, "reload"),
  },
  {
    name: "a configuration that somebody has broken by hand",
    inject: () => appendFile(HAPROXY_CONFIG_FILE, "nonsense\n"),
    text: /^HAProxy would not start again with \S+haproxy\.cfg: .*nonsense/,
    severity: "failure",
    remedy: /have the controller upload it again/,
    repair: async () => {
      await upload(daemon, aConfig("    # whole again\n"));
      await act(daemon, "reload");
    },
  },
  {
    name: "a listener's certificate that has expired",
    inject: async () => {
      const { pem } = await daemon.serverAuthority.issue("listener", "ec", 0);
      const { status } = await daemon.client.ask("PUT", LISTENER_CERTIFICATE, { body: pem });
      assert.equal(status, 200);
    },
    text: /listener\.pem has expired on /,
    severity: "failure",
    remedy: /update the listener's certificate/,
    repair: () => daemon.client.ask("DELETE", LISTENER_CERTIFICATE),
  },
  {
    name: "a certificate that is not its key's",
    inject: async () => {
      const [one, other] = await Promise.all([1, 2].map(() => daemon.serverAuthority.issue("amphora")));
      const [key = ""] = one?.pem.toString().split(/(?=-----BEGIN CERTIFICATE)/) ?? [];
      const certificate = other?.pem.toString().slice(other.pem.indexOf("-----BEGIN CERTIFICATE"));
      await writeFile(SERVER_PEM, `${key}${certificate}`);
    },
    text: /^the key in \S+server\.pem is not its certificate's$/,
    severity: "failure",
    remedy: /failover/,
    repair: rotate,
  },
  {
    name: "a controller that refuses",
    inject: () => configure((text) => text.replace(/(controller_ip_port_list = ).*/, "$1127.0.0.1:1")),
    text: /^the controller 127\.0\.0\.1:1 refuses$/,
    severity: "failure",
    remedy: /is the health manager running there/,
    repair: () => configure(() => agentConfig),
  },
  {
    name: "a controller without a route",
    inject: () => configure((text) => text.replace(/(controller_ip_port_list = .*)/, "$1, 192.0.2.7:5555")),
    text: /^the controller 192\.0\.2\.7:5555 cannot be reached: there is no route$/,
    severity: "failure",
    remedy: /is the management network up/,
    repair: () => configure(() => agentConfig),
  },
  {
    name: "keepalived missing in a pair",
    inject: () => configure((text) => `${text}[controller_worker]\nloadbalancer_topology = ACTIVE_STANDBY\n`),
    text: /^the topology is ACTIVE_STANDBY, and keepalived has no configuration/,
    severity: "warning",
    remedy: /fail the amphora over/,
    repair: () => configure(() => agentConfig),
  },
  {
    name: "a file system that is read-only",
    // Over it: what the agent has open there keeps the kernel from making it so itself.
    inject: () => shell(`mount --bind ${BASE} ${BASE}; mount -o remount,bind,ro ${BASE}`),
    text: /^the disk is read-only/,
    severity: "failure",
    remedy: /remount,rw/,
    repair: () => shell(`umount -l ${BASE}`),
  },
  {
    name: "a full disk",
    inject: () => shell(`mount -o remount,size=2m ${BASE}; head -c 4M /dev/zero >${BASE}/filler || true`),
    text: /^the disk is full/,
    severity: "failure",
    remedy: /df -h/,
    repair: () => shell(`rm ${BASE}/filler; mount -o remount,size=50% ${BASE}`),
  },
  {
    name: "a HAProxy that hangs",
    inject: async () => process.kill(await workerPid(), "SIGSTOP"),
    text: /^HAProxy of load balancer \S+, pid \d+, does not answer/,
    severity: "failure",
    remedy: /systemctl restart/,
    repair: async () => process.kill(await workerPid(), "SIGCONT"),
  },
  {
    name: "an agent that is gone",
    inject: () => daemon.kill(),
    text: /^the agent does not run/,
    severity: "failure",
    remedy: /systemctl restart amphora-agent/,
    repair: () => daemon.start(),
  },
];

test("a healthy amphora is one line, and exit code 0", async () => {
  await healthy();
  const { exitCode, stdout, stderr } = await amphora("doctor");
  assert.deepEqual([exitCode, stderr], [0, ""]);
  assert.match(stdout, /^healthy: \d+ checks found nothing wrong\n$/);
});

const repaired: RegExp[] = [];
for (const { name, inject, text, severity, remedy, repair } of FAULTS) {
  test(`names ${name}`, async () => {
    try {
      await inject();
      const finding = await findingWith(text, repaired);
      assert.equal(finding.severity, severity);
      assert.match(finding.remedy, remedy);
      assert.ok((finding.exitCode ?? 0) >= (severity === "failure" ? 2 : 1));
    } finally {
      await repair();
    }
    repaired.push(text);
  });
}

test("is silent again once everything is repaired", async () => {
  await healthy();
});

test("findings fit 80 columns, each with what to do, and sum up", async () => {
  await members[0]?.stop();
  try {
    await findingWith(/refuses/);
    const { exitCode, stdout } = await amphora("doctor");
    assert.equal(exitCode, 2);
    assert.match(stdout, /^FAILURE {2}member /);
    assert.match(stdout, /^ {9}-> does the member's program run/m);
    assert.match(stdout, /^1 failure, 0 warnings$/m);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    assert.ok(!stdout.includes("\x1b"));
  } finally {
    members[0] = await startMember(FIRST.address);
  }
});

test("who may not look is told so, and nothing is judged", async () => {
  const { runProgram, PROGRAM } = await import("./command.ts");
  const { exitCode, stderr } = await runProgram(["unshare", "--user", process.execPath, PROGRAM, "doctor"]);
  assert.equal(exitCode, 3);
  assert.match(stderr, /only root/);
});

test("a HAProxy that has ended is named beside the agent that would have started it again", async () => {
  const pid = await workerPid();
  const master = Number(await readFile(`${BASE}/${LOAD_BALANCER}/${LOAD_BALANCER}.pid`, "latin1"));
  await daemon.kill();
  process.kill(master, "SIGKILL");
  process.kill(pid, "SIGKILL");
  const found = await findingWith(/^HAProxy of load balancer \S+ does not run/);
  assert.equal(found.exitCode, 2);
  const { findings } = await examine();
  assert.ok(findings.some(({ text }) => text.startsWith("the agent does not run")));
  await daemon.start();
  await healthy();
});

async function rotate(): Promise<void> {
  const { pem } = await daemon.serverAuthority.issue("amphora");
  const { status } = await daemon.client.ask("PUT", "/1.0/certificate", { body: pem });
  assert.equal(status, 202);
}

async function bringUp(): Promise<void> {
  await inside(`${process.execPath} agent/cli/main.ts interface up eth1`);
}

/** Replaces the agent's configuration, as a controller does. */
async function configure(change: (text: string) => string): Promise<void> {
  if (agentConfig === "") agentConfig = await readFile(daemon.configFile, "utf8");
  const { status } = await daemon.client.ask("PUT", "/1.0/config", { body: change(agentConfig) });
  assert.equal(status, 202);
}

async function workerPid(): Promise<number> {
  const { stdout } = await amphora("haproxy", "--master", "show", "proc");
  return Number(/^(\d+) +worker /m.exec(stdout)?.[1]);
}
