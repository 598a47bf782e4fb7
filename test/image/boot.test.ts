/**
 * The image, booted, and the life of a load balancer in it by the REST API, with real traffic. `AMPHORA_IMAGE` names
 * the image (image-build/boot-test sets it). The steps build upon each other: one amphora lives through all of them.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:https";
import process from "node:process";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { TlsIdentities } from "../integration/tls-identities.ts";
import { AmphoraGuest, eventually, type Shape } from "./amphora-guest.ts";
import { CERTIFICATES, HTTP_LISTENER, LOAD_BALANCER, TLS_LISTENER, UDP_LISTENER } from "./documents.ts";
import { GuestLoadBalancer } from "./load-balancer.ts";

const IMAGE = process.env.AMPHORA_IMAGE ?? "";
const USUAL: Shape = {
  machine: "q35",
  bus: "cd",
  memoryMb: 1_024,
  handover: "personality",
  format: "iso9660",
};
/** Everything that may run while nothing happens. */
const SERVICES = [
  "amphora-agent.service",
  "dbus.service",
  "rsyslog.service",
  "serial-getty@ttyS0.service",
  "systemd-journald.service",
  "systemd-logind.service",
  "systemd-networkd.service",
  "systemd-udevd.service",
];
/**
 * How many times as long as power-on to first answer a shutdown may take: it was seen to need from a third to one and a
 * half, and what systemd has to kill after 90 s makes it five times on a fast machine.
 */
const SHUTDOWN_IN_BOOTS = 5;
/** journald.conf, RuntimeMaxUse=. */
const JOURNAL_MB = 24;
/** What is written to counts only when it is full. */
const JOURNAL_FILE_MB = 3;
/** systemd's rating of what the agent's unit leaves open, from 0 to 10 (systemd-analyze(1), "security"). */
const EXPOSURE = 6.3;

let amphora: AmphoraGuest;
let loadBalancer: GuestLoadBalancer;
let tls: TlsIdentities;
let bootMs = 0;

before(async () => {
  assert.notEqual(IMAGE, "", "AMPHORA_IMAGE names the image to boot");
  tls = await TlsIdentities.create();
  amphora = await AmphoraGuest.powerOn(IMAGE, USUAL);
  loadBalancer = await GuestLoadBalancer.create(amphora);
});
after(async () => {
  await amphora?.[Symbol.asyncDispose]();
  await loadBalancer?.[Symbol.asyncDispose]();
  await tls[Symbol.asyncDispose]();
});

const seconds = (since: number) => ((performance.now() - since) / 1_000).toFixed(1);

test("it answers over mutual TLS, from a SATA CD and personality files", async () => {
  const start = performance.now();
  await amphora.answering();
  bootMs = Math.ceil(performance.now() - start);
  const cpu = (await amphora.guest.cpuSeconds()).toFixed(1);
  console.log(`# first answer: ${seconds(start)} s, ${cpu} CPU s`);
  const info = JSON.parse(await amphora.client.expect(200, "GET", "/1.0/info")) as {
    haproxy_version: string;
  };
  assert.match(info.haproxy_version, /^2\./);
});

test("a client that another authority vouches for is refused", async () => {
  const stranger = await (await tls.authority("stranger")).issue("controller", "rsa");
  const socket = connect({
    host: "127.0.0.1",
    port: amphora.guest.apiPort,
    ...pair(stranger.pem),
    rejectUnauthorized: false,
  });
  socket.write("GET / HTTP/1.1\r\nHost: amphora\r\nConnection: close\r\n\r\n");
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("error", () => resolve()).once("close", () => resolve());
  await promise;
  assert.equal(answer, "");
});

function pair(pem: Buffer) {
  return { key: pem, cert: pem };
}

test("what runs is what an amphora needs, and nothing failed", async () => {
  const list = await amphora.exec(
    "systemctl list-units --type=service --state=running --plain --no-legend --no-pager",
  );
  const running = list.split("\n").map((line) => line.split(" ")[0] ?? "");
  // The connection that asks.
  const services = running.filter((name) => name !== "" && !name.startsWith("ssh@"));
  console.log(`# services: ${services.length}; memory: ${(await amphora.exec("free -m")).split("\n")[1]}`);
  assert.deepEqual(
    services.filter((name) => !SERVICES.includes(name)),
    [],
  );
  assert.equal(await amphora.exec("systemctl list-units --failed --plain --no-legend --no-pager"), "");
});

test("it is this instance: its name, its ids, nothing of the image's; keys of listeners are in encrypted memory", async () => {
  assert.equal((await amphora.exec("hostname")).trim(), `amphora-${amphora.identities.amphoraId}`);
  assert.match((await amphora.exec("cat /etc/machine-id")).trim(), /^[0-9a-f]{32}$/);
  const device = (await amphora.exec("findmnt -n -o SOURCE /var/lib/octavia/certs")).trim();
  const name = (await amphora.exec(`cat /sys/block/${device.slice("/dev/".length)}/dm/name`)).trim();
  assert.equal(name, "octavia-certs");
  assert.match(await amphora.exec("dmsetup table octavia-certs"), /^0 \d+ crypt aes-xts-plain64 /);
  assert.equal((await amphora.exec("stat -c %a /etc/octavia/amphora-agent.conf")).trim(), "600");
  await eventually(
    "a file system as large as the disk",
    async () => Number((await amphora.exec("df --output=size -BM /")).replace(/\D/g, "")) > 2_700,
  );
});

test("the journal is in memory and bounded, and the agent's unit leaves little open", async () => {
  // Lines that cannot be compressed, twice as much as there is room for.
  const lines = `base64 -w 16000 /dev/urandom | head -c ${2 * JOURNAL_MB}M`;
  await amphora.exec(`systemd-run --quiet --wait --pipe sh -c '${lines} | systemd-cat'`);
  const usage = await amphora.exec("journalctl --disk-usage");
  const [, used, unit] = /take up ([\d.]+)([KM])/.exec(usage) ?? [];
  assert.equal(unit, "M", usage);
  assert.ok(Number(used) > JOURNAL_MB / 3 && Number(used) <= JOURNAL_MB + JOURNAL_FILE_MB, usage);
  const rating = await amphora.exec("systemd-analyze security --no-pager amphora-agent.service");
  const exposure = Number(/exposure level for amphora-agent.service: ([\d.]+)/.exec(rating)?.[1]);
  console.log(`# journal: ${used} MB; exposure of the agent's unit: ${exposure}`);
  assert.ok(exposure <= EXPOSURE, rating);
});

test("cards are plugged while it runs, and the VIP serves HTTP", async () => {
  await loadBalancer.plug();
  await loadBalancer.upload({ withTls: false });
  await loadBalancer.act("start");
  await loadBalancer.serves("HTTP");
});

test("heartbeats tell of the listener", () => heartbeatWith([HTTP_LISTENER]));

/** Waits for a heartbeat from now on that tells of exactly these listeners. */
async function heartbeatWith(listeners: readonly string[]): Promise<void> {
  const from = amphora.heartbeats.received.length;
  const wanted = JSON.stringify([...listeners].sort());
  const told = () =>
    amphora.heartbeats.received.slice(from).map(({ message }) => Object.keys(message.listeners).sort());
  await eventually(
    "a heartbeat with these listeners, no others",
    async () => told().some((ids) => JSON.stringify(ids) === wanted),
    async () => JSON.stringify(told().slice(-3)),
  );
}

const NAMES = ["one.example", "two.example"] as const;

/** As controllers do: certificates, then the list that names them, then the configuration. */
async function sendTls(): Promise<void> {
  const authority = await tls.authority("tenant");
  for (const name of NAMES) {
    await loadBalancer.storeCertificate(name, (await authority.issue(name, "rsa")).pem);
  }
  const list = NAMES.map((name) => `${CERTIFICATES}/${name}.pem\n`).join("");
  await loadBalancer.storeCertificate(TLS_LISTENER, list);
  await loadBalancer.upload({ withTls: true });
  await loadBalancer.act("reload");
}

test("a reload adds a listener that terminates TLS and chooses certificates by name", async () => {
  await sendTls();
  for (const name of [...NAMES].reverse()) await loadBalancer.shows(name);
  await loadBalancer.serves("HTTP after the reload");
});

test("a certificate of the listener is replaced, and new connections get it", async () => {
  const [name, other] = NAMES;
  const before = await Promise.all(NAMES.map((one) => loadBalancer.certificateFor(one)));
  const { pem } = await (await tls.authority("tenant")).issue(name, "rsa");
  await loadBalancer.storeCertificate(name, pem);
  await loadBalancer.upload({ withTls: true });
  await loadBalancer.act("reload");
  await eventually("the new certificate", async () => {
    const { serialNumber, subject } = await loadBalancer.certificateFor(name);
    return subject.CN === name && serialNumber !== before[0]?.serialNumber;
  });
  assert.equal((await loadBalancer.certificateFor(other)).serialNumber, before[1]?.serialNumber);
});

test("a UDP listener balances in the kernel, and heartbeats say so", async () => {
  await loadBalancer.startUdp();
  await eventually("an answer by UDP", () => loadBalancer.echoes("through LVS"));
  await heartbeatWith([HTTP_LISTENER, TLS_LISTENER, UDP_LISTENER]);
});

test("a reset in the middle of a change: without any call, all serve that need no key, and heartbeats tell which", async () => {
  await loadBalancer.uploadUnanswered({ withTls: true });
  await amphora.guest.reset();
  const start = performance.now();
  await loadBalancer.serves("HTTP after the reset");
  console.log(`# first request after a reset: ${seconds(start)} s`);
  await eventually("an answer by UDP after the reset", () => loadBalancer.echoes("after the reset"));
  await assert.rejects(loadBalancer.certificateFor(NAMES[0]));
  await heartbeatWith([HTTP_LISTENER, UDP_LISTENER]);
  await amphora.answering();
  const listing = await amphora.exec(`systemctl show --value --property=NRestarts haproxy-${LOAD_BALANCER}`);
  assert.equal(listing.trim(), "0", "HAProxy started at once, without what cannot run");
});

test("the keys come back, and all listeners run", async () => {
  await sendTls();
  for (const name of NAMES) await loadBalancer.shows(name);
  await loadBalancer.serves("HTTP");
  await heartbeatWith([HTTP_LISTENER, TLS_LISTENER, UDP_LISTENER]);
});

test("a reboot in order: the same", async () => {
  const start = performance.now();
  const reset = amphora.guest.untilReset(SHUTDOWN_IN_BOOTS * bootMs);
  await Promise.all([reset, amphora.exec("systemd-run --on-active=1 systemctl reboot")]);
  const [took, poweredOn] = [seconds(start), performance.now()];
  await loadBalancer.serves("HTTP after the reboot");
  console.log(`# shutdown: ${took} s; first request after it: ${seconds(poweredOn)} s`);
  await eventually("an answer by UDP", () => loadBalancer.echoes("after the reboot"));
});

test("the agent's certificate is replaced, and the next connection shows it", async () => {
  await amphora.answering();
  const { pem } = await (await tls.authority("cloud")).issue("rotated", "rsa");
  await amphora.client.expect(202, "PUT", "/1.0/certificate", pem);
  const shown = connect({
    ...{ host: "127.0.0.1", port: amphora.guest.apiPort, rejectUnauthorized: false },
    ...pair(amphora.identities.client),
  });
  await once(shown, "secureConnect");
  assert.equal(shown.getPeerCertificate().subject.CN, "rotated");
  shown.destroy();
  await restoreCertificate();
});

/** By a client that does not look at the name. */
async function restoreCertificate(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const outgoing = request(
    {
      ...{ host: "127.0.0.1", port: amphora.guest.apiPort, rejectUnauthorized: false, agent: false },
      ...{ method: "PUT", path: "/1.0/certificate" },
      ...pair(amphora.identities.client),
    },
    (answer) => resolve(answer.resume().statusCode ?? 0),
  );
  outgoing.once("error", reject).end(amphora.identities.server);
  assert.equal(await promise, 202);
  await amphora.answering();
}

test("after their deletion nothing of the load balancer is left, and nobody answers", async () => {
  for (const id of [LOAD_BALANCER, UDP_LISTENER]) await loadBalancer.delete(id);
  await assert.rejects(loadBalancer.fetch());
  await assert.rejects(loadBalancer.echoes("deleted"));
  const traces = `find /var/lib/octavia /usr/lib/systemd/system /etc/systemd/system -name '*${LOAD_BALANCER}*' -o -name '*${UDP_LISTENER}*'`;
  assert.equal(await amphora.exec(traces), "");
  assert.equal(await amphora.exec("ip netns exec amphora-haproxy ipvsadm -Ln | grep -c UDP || true"), "0\n");
  assert.doesNotMatch(await amphora.exec("ps -A -o args="), /^(?:\S*\/)?(?:haproxy|keepalived) /m);
  await heartbeatWith([]);
});

test("the power button ends it in order", async () => {
  const start = performance.now();
  assert.ok(await amphora.guest.powerOff(SHUTDOWN_IN_BOOTS * bootMs), "it did not power off");
  console.log(`# power off: ${seconds(start)} s`);
});
