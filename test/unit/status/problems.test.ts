import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { encodeStatus } from "../../../agent/status/encode-status.ts";
import type { Facts } from "../../../agent/status/facts.ts";
import { ago, aLink, aLoadBalancer, anAnswer, aServer, LB, NOW, someFacts } from "./some-facts.ts";

function problemsOf(changes: Partial<Facts>): string[] {
  return encodeStatus(someFacts(changes)).problems.map(
    ({ severity, subject, text }) => `${severity} ${subject}: ${text}`,
  );
}

/** The one problem that there is. */
function problemOf(changes: Partial<Facts>): string {
  const all = problemsOf(changes);
  assert.equal(all.length, 1, all.join("\n"));
  return all[0] ?? "";
}

const running = someFacts().agent;
assert.ok(running.state === "running");
const { report } = running;
const VIP = { address: "203.0.113.5", interface: "eth1" };
const ROLE = { name: "i1", since: ago(60_000) };

suite("what is wrong", () => {
  test("nothing, on a healthy amphora", () => assert.deepEqual(problemsOf({}), []));

  test("a difference that cannot be repaired, or that somebody makes again and again", () => {
    const healing = { repairs: {}, last: undefined, flapping: [], failing: [] };
    const withHealing = (changes: Partial<typeof report.healing>) =>
      problemOf({ agent: { ...running, report: { ...report, healing: { ...healing, ...changes } } } });
    assert.match(
      withHealing({ failing: ["rule add from 203.0.113.5/32"] }),
      /^error healing: .*repaired.*: rule add/,
    );
    assert.match(withHealing({ flapping: ["addr add 203.0.113.5/32"] }), /^warning healing: .*: addr add/);
  });

  test("an agent that does not run, does not answer, or may not be asked", () => {
    assert.match(
      problemOf({ agent: { state: "down", reason: "nobody listens" } }),
      /^error agent: .*does not run/,
    );
    assert.match(
      problemOf({ agent: { state: "silent", reason: "late" } }),
      /^error agent: .*not answer: late/,
    );
    assert.match(problemOf({ agent: { state: "unknown", reason: "root" } }), /^warning agent: .*root/);
  });

  test("a controller that has had none of its last three heartbeats, and not one that has had one", () => {
    const with_ = (lastSentAt: Record<string, string>, since = report.since) => ({
      agent: {
        state: "running" as const,
        report: { ...report, since, heartbeats: { ...report.heartbeats, lastSentAt } },
      },
    });
    const fine = { "2001:db8::10:5555": ago(3_000) };
    assert.deepEqual(problemsOf(with_({ ...fine, "192.0.2.10:5555": ago(60_000) })), []);
    assert.equal(
      problemOf(with_({ ...fine, "192.0.2.10:5555": ago(150_000) })),
      "error heartbeat: 192.0.2.10:5555 has had no heartbeat for 2 min",
    );
    assert.match(problemOf(with_(fine)), /192\.0\.2\.10:5555 has had no heartbeat in the 24 h that/);
    assert.deepEqual(problemsOf(with_(fine, ago(10_000))), []);
  });

  test("a configuration that names no controller, or cannot be used", () => {
    const config = someFacts().config;
    assert.ok("value" in config);
    assert.match(
      problemOf({ config: { value: { ...config.value, controllerIpPortList: [] } } }),
      /^error heartbeat: no controller/,
    );
    assert.match(problemOf({ config: { failure: "line 3" } }), /^error configuration: .*: line 3$/);
  });

  test("whatever could not be looked at, by its reason", () => {
    for (const part of [
      "packages",
      "machine",
      "disk",
      "limits",
      "vrrp",
      "plugged",
      "lvs",
      "loadBalancers",
    ] as const) {
      assert.match(problemOf({ [part]: { failure: "cannot fork" } }), /^error \w+: .*: cannot fork$/);
    }
    assert.match(problemsOf({ interfaces: { failure: "cannot fork" } })[0] ?? "", /cannot fork/);
  });

  test("a disk that is full, almost full or read-only, and memory that is almost used up", () => {
    const disk = (available_bytes: number, readOnly = false) => ({
      disk: { value: { total_bytes: 2e9, available_bytes, readOnly } },
    });
    assert.match(problemOf(disk(0)), /^error machine: the disk is full/);
    assert.match(problemOf(disk(5e7)), /^warning machine: the disk is almost full: 47 MB/);
    assert.match(problemOf(disk(1e9, true)), /^error machine: the disk is read-only/);
    const memory = { total_bytes: 1e9, available_bytes: 1e7 };
    assert.match(
      problemOf({ machine: { value: { uptimeSeconds: 1, load: 0, memory } } }),
      /^warning .*memory/,
    );
  });

  test("no room for new processes, by their number or by a program that could not be started", () => {
    const set_by = "/sys/fs/cgroup/system.slice/amphora-agent.service/pids.max";
    const limits = (used: number, memory: number | null = null) => ({
      limits: {
        value: {
          tasks: { used, limit: 100, set_by },
          memory: memory === null ? null : { used: memory, limit: 1e9, set_by: "/sys/memory.max" },
        },
      },
    });
    assert.equal(
      problemOf(limits(100)),
      `error processes: no new process can be started: 100 of 100 processes and threads by ${set_by}`,
    );
    assert.match(
      problemOf(limits(96)),
      /^warning processes: room for new processes is almost used up: 96 of/,
    );
    assert.deepEqual(problemsOf(limits(95, 9e8)), []);
    assert.match(problemOf(limits(1, 9.8e8)), /^warning processes: memory is almost used up: 19 MB are left/);
    assert.match(problemOf(limits(1, 1.1e9)), /: 0 MB are left by \/sys\/memory\.max$/);
    for (const code of ["EAGAIN", "ENOMEM"]) {
      const failure = { failure: `cannot run ip: spawn ip ${code}`, code };
      const [first, second] = problemsOf({ interfaces: failure });
      assert.match(first ?? "", /^error interface: interfaces cannot be looked at/);
      assert.equal(second, `error processes: no new process can be started: ${failure.failure}`);
    }
    const missing = { failure: "cannot run ip: spawn ip ENOENT", code: "ENOENT" };
    assert.equal(problemsOf({ interfaces: missing }).length, 1);
  });

  test("an interface that is missing, down or without a link, if it was ever plugged", () => {
    const links = (...changes: Parameters<typeof aLink>[0][]) => ({
      interfaces: { value: [aLink({ name: "lo" }), ...changes.map(aLink)] },
    });
    assert.match(problemOf(links({ up: false })), /^error interface: eth1 is down/);
    assert.match(problemOf(links({ carrier: false })), /^error interface: eth1 has no link/);
    assert.deepEqual(problemsOf(links({}, { name: "sit0", up: false, carrier: false, addresses: [] })), []);
    assert.match(problemsOf(links())[0] ?? "", /eth1 is configured and not there/);
  });

  test("a namespace that is missing, once there is something to be in it", () => {
    const nothing = { loadBalancers: { value: [] }, plugged: { value: { interfaces: ["lo"], vips: [] } } };
    assert.deepEqual(problemsOf({ interfaces: { value: undefined }, ...nothing }), []);
    assert.match(problemOf({ interfaces: { value: undefined } }), /^error namespace/);
  });

  test("a VIP that is missing, or another host's too", () => {
    assert.match(
      problemOf({ interfaces: { value: [aLink({ name: "lo" }), aLink({ addresses: [] })] } }),
      /^error vip: 203\.0\.113\.5 is missing on eth1/,
    );
    const addresses = [{ address: VIP.address, prefix: 32, duplicate: true }];
    assert.match(
      problemOf({ interfaces: { value: [aLink({ name: "lo" }), aLink({ addresses })] } }),
      /another host has 203/,
    );
  });

  test("a keepalived that is gone, in FAULT, or of another opinion than the interface", () => {
    const without = { interfaces: { value: [aLink({ name: "lo" }), aLink({ addresses: [] })] } };
    const vrrp = (role: "MASTER" | "BACKUP" | "FAULT", pid: number | undefined = 5) => ({
      vrrp: { value: { pid, instances: [{ ...ROLE, role }] } },
    });
    assert.deepEqual(problemsOf(vrrp("MASTER")), []);
    assert.deepEqual(problemsOf({ ...without, ...vrrp("BACKUP") }), []);
    assert.match(problemOf({ ...without, ...vrrp("MASTER") }), /^error vip: .*missing.*MASTER/);
    assert.match(
      problemOf(vrrp("BACKUP")),
      /^error vip: .* is on eth1, and keepalived says it is not MASTER/,
    );
    assert.match(problemOf({ ...without, ...vrrp("FAULT") }), /^error vrrp: .*FAULT/);
    assert.match(
      problemOf({ ...without, vrrp: { value: { pid: undefined, instances: [] } } }),
      /^error vrrp: .*does not run/,
    );
    assert.match(
      problemOf({ ...without, vrrp: { value: { pid: 5, instances: [] } } }),
      /^warning vrrp: .*role/,
    );
  });

  test("a HAProxy that should run, or does not answer, and not one that was stopped", () => {
    const lb = (changes: Parameters<typeof aLoadBalancer>[0]) => ({
      loadBalancers: { value: [aLoadBalancer(changes)] },
    });
    assert.match(problemOf(lb({ pid: undefined, answer: undefined })), /^error haproxy: .*does not run/);
    assert.deepEqual(problemsOf(lb({ pid: undefined, wanted: false, answer: undefined })), []);
    assert.match(
      problemOf(lb({ answer: { failure: "no answer within 3 s" } })),
      new RegExp(`^error haproxy: .*${LB}, pid 10, does not answer: no answer within 3 s`),
    );
  });

  test("members that are down, why and for how long, a pool without any, and none that is meant to be away", () => {
    const check = { status: "L4CON", code: undefined, durationMs: 1, text: "Connection refused" };
    const members = (server: object, state = "UP") => {
      const answer = anAnswer([{ ...aServer, ...server }]);
      const { statistics } = answer;
      const backends = statistics.backends.map((backend) => ({ ...backend, status: state }));
      return {
        value: [aLoadBalancer({ answer: { value: { ...answer, statistics: { ...statistics, backends } } } })],
      };
    };
    const down = { status: "DOWN", sinceSeconds: 200, check };
    assert.match(
      problemOf({ loadBalancers: members(down) }),
      /^error member: member 3{8}\S+ \(10\.0\.0\.10:8080\) is DOWN for 3 min: L4CON Connection refused$/,
    );
    assert.deepEqual(
      problemsOf({ loadBalancers: members(down, "DOWN") }).map((text) => text.slice(0, 11)),
      ["error pool:", "error membe"],
    );
    for (const status of ["MAINT", "no check", "NOLB", "UP 1/3"]) {
      assert.deepEqual(problemsOf({ loadBalancers: members({ status }) }), []);
    }
  });

  test("certificates that are about to end, have ended, or cannot be read; errors come first", () => {
    const day = 86_400_000;
    const ends = (days: number, life = 30) => ({
      ...someFacts().certificates[0],
      file: "a.pem",
      usedBy: "agent" as const,
      loadBalancerId: undefined,
      content: {
        value: {
          subject: "CN=a",
          notBefore: new Date(NOW.getTime() + (days - life) * day),
          notAfter: new Date(NOW.getTime() + days * day),
        },
      },
    });
    assert.deepEqual(problemsOf({ certificates: [ends(11)] }), []);
    assert.deepEqual(problemsOf({ certificates: [ends(2, 3)] }), []);
    assert.match(problemOf({ certificates: [ends(9)] }), /^warning certificate: a\.pem expires in 9 d/);
    assert.match(
      problemOf({ certificates: [{ ...ends(9), content: { failure: "no certificate" } }] }),
      /^error certificate: a\.pem cannot be used: no certificate/,
    );
    const both = problemsOf({ certificates: [ends(9), ends(-1)] });
    assert.match(both[0] ?? "", /^error certificate: a\.pem has expired/);
    assert.equal(both.length, 2);
  });
});
