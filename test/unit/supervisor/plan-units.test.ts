import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLoadBalancerId } from "../../../agent/loadbalancer/ids.ts";
import { layoutOf } from "../../../agent/loadbalancer/layout.ts";
import type { LoadBalancerId } from "../../../agent/loadbalancer/types.ts";
import {
  planHaproxyUnit,
  planKeepalivedUnit,
  planNetnsUnit,
  planStandDownUnit,
} from "../../../agent/supervisor/plan-units.ts";

const ID = anId("26262800-85cb-4689-8410-6fdbc89dba94");

function anId(text: string): LoadBalancerId {
  const id = parseLoadBalancerId(text);
  if (!id) throw new Error(`${text} is no id`);
  return id;
}

function aUnit({
  minor = 6,
  major = 2,
  basePath = "/var/lib/octavia",
  haproxyCmd = "/usr/sbin/haproxy",
} = {}) {
  const job = {
    kind: "haproxy" as const,
    id: ID,
    peer: "WCbTKE70m_IHc_MucbXK5CkEoWQ",
    version: { major, minor },
  };
  return planHaproxyUnit(job, layoutOf(basePath, ID), haproxyCmd) as Record<string, unknown>;
}

test("a unit names the configuration, the image's group file and the pid file", () => {
  const directory = `/var/lib/octavia/${ID}`;
  assert.equal(
    aUnit().environment,
    `CONFIG=${directory}/haproxy.cfg USERCONFIG=/var/lib/octavia/haproxy-default-user-group.conf PIDFILE=${directory}/${ID}.pid`,
  );
});

test("HAProxy is run with its master's socket, which only root may use", () => {
  assert.equal(aUnit().runner, `/usr/sbin/haproxy -Ws -S /var/lib/octavia/${ID}/master.sock,mode,600`);
  assert.equal(aUnit().isMasterWorker, true);
});

test("HAProxy 1.8 has no such socket, and an older one a wrapper", () => {
  assert.equal(aUnit({ major: 1, minor: 8 }).runner, "/usr/sbin/haproxy -Ws");
  const old = aUnit({ major: 1, minor: 5 });
  assert.equal(old.runner, "/usr/sbin/haproxy-systemd-wrapper");
  assert.equal(old.isMasterWorker, false);
});

test("paths with characters that systemd interprets stay what they are", () => {
  const unit = aUnit({ basePath: "/srv/100% amp", haproxyCmd: "/opt/my $haproxy" });
  assert.match(String(unit.environment), /^"CONFIG=\/srv\/100%% amp\//);
  assert.equal(unit.haproxy, '"/opt/my $haproxy"');
  assert.match(String(unit.runner), /^"\/opt\/my \$\$haproxy" -Ws -S "\/srv\/100%% amp\//);
});

test("a keepalived unit forgets pid files of an earlier boot before it starts", () => {
  const files = { config: "/b/k.conf", pidFile: "/b/k.pid", vrrpPidFile: "/b/k.vrrp.pid" };
  assert.deepEqual(planKeepalivedUnit(files, 1), {
    netnsUnit: "amphora-netns.service",
    namespace: "amphora-haproxy",
    command: "/usr/sbin/keepalived --log-facility=1 -f /b/k.conf -p /b/k.pid -r /b/k.vrrp.pid",
    environment: '"RES_OPTIONS=timeout:1 attempts:1"',
    pidFile: "/b/k.pid",
    stalePidFiles: "/b/k.pid /b/k.vrrp.pid",
  });
});

test("a keepalived unit's paths are escaped for systemd, not for HTML", () => {
  const unit = planKeepalivedUnit({ config: '/50% & "x"/$k.conf', pidFile: "/50% & y/k.pid" }, 1);
  assert.deepEqual(unit, {
    netnsUnit: "amphora-netns.service",
    namespace: "amphora-haproxy",
    command: '/usr/sbin/keepalived --log-facility=1 -f "/50%% & \\"x\\"/$$k.conf" -p "/50%% & y/k.pid"',
    environment: '"RES_OPTIONS=timeout:1 attempts:1"',
    pidFile: "/50%% & y/k.pid",
    stalePidFiles: '"/50%% & y/k.pid"',
  });
});

test("the namespace's unit runs this program", () => {
  assert.deepEqual(planNetnsUnit(["/usr/bin/node", "/opt/amphora agent/amphora.js"]), {
    namespace: "amphora-haproxy",
    command: '/usr/bin/node "/opt/amphora agent/amphora.js" netns up',
  });
});

test("a HAProxy that is gone for good makes keepalived say good-bye where it holds the VIP", () => {
  assert.equal(aUnit().standDownUnit, "amphora-stand-down.service");
  assert.deepEqual(planStandDownUnit("/var/lib/octavia/vrrp/roles.json"), {
    master: '"\\"role\\":\\"MASTER\\""',
    roles: "/var/lib/octavia/vrrp/roles.json",
    vrrpUnit: "octavia-keepalived.service",
  });
});
