/**
 * The systemd supervisor with real unit files and a program in systemctl's place, which does what the test
 * says: a booted systemd is the matter of other tests.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, readlink, rm, stat, utimes, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import { promisify } from "node:util";
import { parseConfig } from "../../agent/config/config-parse.ts";
import { AgentError } from "../../agent/errors.ts";
import { parseLoadBalancerId } from "../../agent/loadbalancer/ids.ts";
import { layoutOf } from "../../agent/loadbalancer/layout.ts";
import { chooseSupervisor } from "../../agent/supervisor/choose.ts";
import { SystemdSupervisor } from "../../agent/supervisor/systemd.ts";
import { createLogger } from "../../agent/system/logger.ts";
import { type Try, tryRun } from "../../agent/system/run.ts";

const UNITS = "/usr/lib/systemd/system";
const WANTED = "/etc/systemd/system/multi-user.target.wants";
const SYSTEMCTL = "/run/systemctl";
const CALLS = "/run/systemctl.calls";
const BASE = "/var/lib/octavia";
const PEER = "WCbTKE70m_IHc_MucbXK5CkEoWQ";
const [id] = [parseLoadBalancerId("26262800-85cb-4689-8410-6fdbc89dba94")];
assert.ok(id);
const service = { kind: "haproxy", id } as const;
const unit = `haproxy-${id}.service`;
const layout = layoutOf(BASE, id);
const job = { ...service, peer: PEER, version: { major: 2, minor: 6 } };

const logger = await createLogger({ debug: true, pretty: false });
const runner: Try = (file, args, options) => tryRun(file === "systemctl" ? SYSTEMCTL : file, args, options);
const aSupervisor = (options: { haproxyCmd?: string; basePath?: string; logFacility?: number } = {}) =>
  new SystemdSupervisor({
    basePath: options.basePath ?? BASE,
    haproxyCmd: options.haproxyCmd ?? "/usr/sbin/haproxy",
    limits: parseConfig([], "").config,
    logFacility: options.logFacility ?? 1,
    program: [process.execPath, "/opt/amphora-agent/dist/amphora.js"],
    logger,
    tryRun: runner,
  });

/** @param script - shell lines; `$1` is systemctl's command */
async function systemctl(script: string): Promise<void> {
  await writeFile(SYSTEMCTL, `#!/bin/sh\necho "$*" >>${CALLS}\n${script}\n`);
  await chmod(SYSTEMCTL, 0o755);
}

async function calls(): Promise<string[]> {
  const text = existsSync(CALLS) ? await readFile(CALLS, "utf8") : "";
  await rm(CALLS, { force: true });
  return text.trim().split("\n").filter(Boolean);
}

/** Answers on a unix socket with what `answer` gives for each line. */
async function aSocket(path: string, answer: (line: string) => string): Promise<Server> {
  const server = createServer((socket) => {
    socket.once("data", (line: Buffer) => socket.end(answer(line.toString().trim())));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}

const refused = (details: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AgentError);
  assert.equal(error.code, "commandFailed");
  assert.match(error.details ?? "", details);
  return true;
};

const servers: Server[] = [];
beforeEach(async () => {
  await mkdir(layout.directory, { recursive: true });
  await systemctl("exit 0");
  await calls();
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

test("enabling writes both units, links the load balancer's and reloads systemd once", async () => {
  await aSupervisor().enable(job);
  assert.deepEqual(await calls(), ["daemon-reload"]);
  assert.equal(await readlink(`${WANTED}/${unit}`), `${UNITS}/${unit}`);
  assert.equal(((await stat(`${UNITS}/${unit}`)).mode & 0o777).toString(8), "644");
  const text = await readFile(`${UNITS}/${unit}`, "utf8");
  for (const line of [
    "After=network.target syslog.service amphora-netns.service",
    "Before=octavia-keepalived.service",
    "Requires=amphora-netns.service",
    "Type=notify",
    "KillMode=mixed",
    "Restart=always",
    "LimitNOFILE=2600000",
    `ExecStartPre=/usr/sbin/haproxy -f \${CONFIG} -f \${USERCONFIG} -c -q -L ${PEER}`,
    `ExecReload=/usr/sbin/haproxy -c -f \${CONFIG} -f \${USERCONFIG} -L ${PEER}`,
    "ExecReload=/bin/kill -USR2 $MAINPID",
  ]) {
    assert.ok(text.split("\n").includes(line), line);
  }
  const netns = await readFile(`${UNITS}/amphora-netns.service`, "utf8");
  assert.match(netns, /^ExecStart=-\S+node \/opt\/amphora-agent\/dist\/amphora\.js netns up$/m);
  assert.doesNotMatch(netns, /^StopWhenUnneeded/m);
});

test("what the unit adds to the contract's commands is HAProxy's file of the agent's own settings", async () => {
  const lines = (await readFile(`${UNITS}/${unit}.d/amphora-agent.conf`, "utf8")).split("\n");
  const files = ["CONFIG", "USERCONFIG", "AGENTCONFIG"].map((name) => `-f \${${name}}`).join(" ");
  for (const line of [
    `Environment=AGENTCONFIG=${layout.agentConfig}`,
    "ExecStartPre=",
    `ExecStartPre=/usr/sbin/haproxy ${files} -c -q -L ${PEER}`,
    "ExecStart=",
    `ExecStart=/sbin/ip netns exec amphora-haproxy /usr/sbin/haproxy -Ws -S ${layout.masterSocket},mode,600 ${files} -p \${PIDFILE} -L ${PEER}`,
    "ExecReload=",
    `ExecReload=/usr/sbin/haproxy -c ${files} -L ${PEER}`,
    "ExecReload=/bin/kill -USR2 $MAINPID",
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test("enabling again runs nothing and touches no file", async () => {
  const past = new Date("2020-01-01");
  await utimes(`${UNITS}/${unit}`, past, past);
  await aSupervisor().enable(job);
  assert.deepEqual(await calls(), []);
  assert.equal((await stat(`${UNITS}/${unit}`)).mtime.getTime(), past.getTime());
});

test("a unit that has become another one is rewritten", async () => {
  await aSupervisor({ haproxyCmd: "/usr/local/sbin/haproxy" }).enable(job);
  assert.deepEqual(await calls(), ["daemon-reload"]);
  assert.match(await readFile(`${UNITS}/${unit}`, "utf8"), /^ExecStartPre=\/usr\/local\/sbin\/haproxy /m);
});

test("a daemon-reload that fails is told, and is made up for the next time", async () => {
  await systemctl('[ "$1" = daemon-reload ] && echo "no bus" && exit 1');
  const supervisor = aSupervisor();
  await assert.rejects(supervisor.enable(job), refused(/no bus/));
  await systemctl("exit 0");
  await calls();
  await supervisor.enable(job);
  assert.deepEqual(await calls(), ["daemon-reload"]);
});

for (const [name, basePath, version] of [
  ["as usual", BASE, { major: 2, minor: 6 }],
  ["below an odd path", `/srv/50% "a b`, { major: 2, minor: 6 }],
  ["for a HAProxy with a wrapper", BASE, { major: 1, minor: 5 }],
] as const) {
  test(`systemd itself finds nothing wrong with the units ${name}`, async () => {
    await aSupervisor({ basePath }).enable({ ...job, version });
    const complaints = (await verify(`${UNITS}/${unit}`)).filter((line) =>
      /haproxy-|amphora-netns/.test(line),
    );
    assert.deepEqual(complaints, []);
  });
}

const listener = { kind: "lvs", id } as const;
const vrrp = { kind: "vrrp" } as const;

for (const [name, keepalived, file, lines] of [
  [
    "VRRP",
    vrrp,
    "octavia-keepalived",
    [
      `ExecStart=/sbin/ip netns exec amphora-haproxy /usr/sbin/keepalived --log-facility=1 -f ${BASE}/vrrp/octavia-keepalived.conf -p ${BASE}/vrrp/octavia-keepalived.pid`,
      `PIDFile=${BASE}/vrrp/octavia-keepalived.pid`,
    ],
  ],
  [
    "an LVS listener",
    listener,
    `octavia-keepalivedlvs-${id}`,
    [
      `ExecStart=/sbin/ip netns exec amphora-haproxy /usr/sbin/keepalived --log-facility=1 ${[
        ["-f", "conf"],
        ["-p", "pid"],
        ["-r", "vrrp.pid"],
        ["-c", "check.pid"],
      ]
        .map(([option, end]) => `${option} ${BASE}/lvs/octavia-keepalivedlvs-${id}.${end}`)
        .join(" ")}`,
      `PIDFile=${BASE}/lvs/octavia-keepalivedlvs-${id}.pid`,
    ],
  ],
] as const) {
  test(`the unit of ${name}'s keepalived is written, linked and announced, once`, async () => {
    await aSupervisor().enable(keepalived);
    assert.deepEqual(await calls(), ["daemon-reload"]);
    assert.equal(await readlink(`${WANTED}/${file}.service`), `${UNITS}/${file}.service`);
    const text = await readFile(`${UNITS}/${file}.service`, "utf8");
    for (const line of [
      "Description=Keepalive Daemon (LVS and VRRP)",
      "After=network-online.target amphora-netns.service",
      "Wants=network-online.target",
      "Requires=amphora-netns.service",
      "SELinuxContext=system_u:system_r:keepalived_t:s0",
      "Type=forking",
      "KillMode=process",
      "ExecReload=/bin/kill -HUP $MAINPID",
      "WantedBy=multi-user.target",
      ...lines,
    ]) {
      assert.ok(text.split("\n").includes(line), line);
    }
    await aSupervisor().enable(keepalived);
    assert.deepEqual(await calls(), []);
    await aSupervisor({ logFacility: 3 }).enable(keepalived);
    assert.deepEqual(await calls(), ["daemon-reload"]);
    assert.match(await readFile(`${UNITS}/${file}.service`, "utf8"), /--log-facility=3 /);
  });

  test(`a unit of ${name}'s keepalived that has lost its mode gets it back`, async () => {
    await chmod(`${UNITS}/${file}.service`, 0o666);
    await aSupervisor({ logFacility: 3 }).enable(keepalived);
    assert.equal(((await stat(`${UNITS}/${file}.service`)).mode & 0o777).toString(8), "644");
  });

  test(`${name}'s keepalived is started, reloaded, restarted and stopped by one call each`, async () => {
    const supervisor = aSupervisor();
    for (const action of ["start", "reload", "restart", "stop"] as const) {
      await supervisor[action](keepalived);
      assert.deepEqual(await calls(), [`${action} ${file}.service`]);
    }
    await systemctl('echo "no such unit"; exit 5');
    await assert.rejects(supervisor.reload(keepalived), refused(/no such unit/));
  });

  for (const basePath of [BASE, `/srv/50% "a b & <c>`]) {
    test(`systemd itself finds nothing wrong with the unit of ${name}'s keepalived below ${basePath}`, async () => {
      await aSupervisor({ basePath }).enable(keepalived);
      const complaints = (await verify(`${UNITS}/${file}.service`)).filter((line) =>
        line.includes("keepalived"),
      );
      assert.deepEqual(complaints, []);
    });
  }
}

test("what is meant to run is what systemd runs, tries to run, or is about to start", async () => {
  const supervisor = aSupervisor();
  for (const [state, job, isWanted] of [
    ["active", 0, true],
    ["failed", 0, true],
    ["inactive", 0, false],
    ["inactive", 7, true],
  ] as const) {
    await systemctl(`printf 'Job=${job}\\nActiveState=${state}\\n'`);
    assert.equal(await supervisor.isWanted(service), isWanted, `${state} ${job}`);
  }
  assert.equal((await calls())[0], `show --property=ActiveState,Job ${unit}`);
});

test("start and stop are one call each, and a failure carries systemctl's words", async () => {
  const supervisor = aSupervisor();
  await supervisor.start(service);
  await supervisor.stop(service);
  assert.deepEqual(await calls(), [`start ${unit}`, `stop ${unit}`]);
  await systemctl('echo "Job for it failed."; echo "See journalctl." >&2; exit 1');
  await assert.rejects(supervisor.start(service), refused(/Job for it failed\.\nSee journalctl\./));
  await assert.rejects(supervisor.stop(service), refused(/Job for it failed/));
  assert.equal((await calls()).length, 2);
});

test("a job that runs already is no failure", async () => {
  await systemctl('echo "Job is already running"; exit 1');
  await aSupervisor().start(service);
});

test("a reload is believed when the master shows a new worker that serves", async () => {
  let worker = 10;
  let looks = 0;
  servers.push(
    await aSocket(layout.masterSocket, (line) => {
      if (line.startsWith("@!")) return `Uptime_sec: 0\nPid: ${worker}\n`;
      // The new worker comes some time after systemctl has returned.
      looks += 1;
      if (looks === 3) worker = 11;
      return `1  master  0 [failed: 0]\n# workers\n${worker}  worker  0\n`;
    }),
  );
  await aliveAs(layout.pidFile);
  await aSupervisor({ haproxyCmd: process.title }).reload(service);
  assert.deepEqual(await calls(), [`reload ${unit}`]);
  assert.equal(looks, 3);
});

test("a reload that HAProxy did not take is a failure, although systemctl knows of none", async () => {
  let failed = 0;
  servers.push(
    await aSocket(layout.masterSocket, () => {
      const text = `1  master  0 [failed: ${failed}]\n# workers\n10  worker  0\n`;
      failed = 1;
      return text;
    }),
  );
  await aliveAs(layout.pidFile);
  await assert.rejects(
    aSupervisor({ haproxyCmd: process.title }).reload(service),
    refused(/goes on with its old configuration/),
  );
});

test("a HAProxy without a master socket is reloaded too", async () => {
  await aSupervisor().reload(service);
  assert.deepEqual(await calls(), [`reload ${unit}`]);
});

test("a reload of a unit that was started just now is done", async () => {
  await systemctl(`echo "${unit} is not active, cannot reload."; exit 1`);
  servers.push(await aSocket(layout.socket, () => "Name: HAProxy\nUptime_sec: 3\n"));
  await aSupervisor().reload(service);
  assert.equal((await calls()).length, 1);
});

test("a reload of a unit that is not active is tried three times", async () => {
  await systemctl(`echo "${unit} is not active, cannot reload."; exit 1`);
  servers.push(await aSocket(layout.socket, () => "Name: HAProxy\nUptime_sec: 300\n"));
  await assert.rejects(aSupervisor().reload(service), refused(/is not active, cannot reload/));
  assert.equal((await calls()).length, 3);
});

test("any other failing reload is not repeated", async () => {
  await systemctl('echo "Job failed"; exit 1');
  await assert.rejects(aSupervisor().reload(service), refused(/Job failed/));
  assert.equal((await calls()).length, 1);
});

test("removal leaves neither unit nor link, and succeeds again", async () => {
  const supervisor = aSupervisor();
  await supervisor.remove(service);
  await supervisor.remove(service);
  assert.deepEqual(await calls(), ["daemon-reload", "daemon-reload"]);
  assert.deepEqual(
    (await readdir(UNITS)).filter((name) => name.startsWith(unit)),
    [],
  );
  assert.equal((await readdir(WANTED)).includes(unit), false);
});

test("systemd is chosen where it is the init, and what is configured before that", async () => {
  assert.equal(await chooseSupervisor({ supervisor: undefined }), "direct");
  await mkdir("/run/systemd/system", { recursive: true });
  assert.equal(await chooseSupervisor({ supervisor: undefined }), "systemd");
  assert.equal(await chooseSupervisor({ supervisor: "direct" }), "direct");
});

/** What systemd says of a unit and the namespace's, apart from what this host lacks. */
async function verify(path: string): Promise<string[]> {
  const { stderr } = await promisify(execFile)("systemd-analyze", [
    "verify",
    "--man=no",
    path,
    `${UNITS}/amphora-netns.service`,
  ]).catch((error: { stderr: string }) => error);
  // It only looks whether programs exist: a wrapper of HAProxy does not here.
  return stderr.split("\n").filter((line) => line !== "" && !/not executable|syslog\.service/.test(line));
}

/** Makes the pid file name a living process: this one. */
async function aliveAs(pidFile: string): Promise<void> {
  await writeFile(pidFile, `${process.pid}\n`);
  process.title = "haproxy";
}
