/**
 * The image, booted, and the life of a load balancer in it by the REST API, with real traffic. `AMPHORA_IMAGE` names
 * the image (image-build/boot-test sets it). The steps build upon each other: one amphora lives through all of them.
 */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, get, type Server } from "node:http";
import process from "node:process";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { TlsIdentities } from "../integration/tls-identities.ts";
import { AmphoraGuest, eventually, type Shape } from "./amphora-guest.ts";
import {
  CERTIFICATES,
  HTTP_LISTENER,
  haproxyConfig,
  LOAD_BALANCER,
  type Site,
  TLS_LISTENER,
  UDP_LISTENER,
  udpConfig,
} from "./documents.ts";
import { freePort } from "./guest.ts";

const IMAGE = process.env.AMPHORA_IMAGE ?? "";
const USUAL: Shape = {
  machine: "q35",
  bus: "cd",
  memoryMb: 1_024,
  handover: "personality",
  format: "iso9660",
};
const VIP = "10.1.0.5";
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
/** systemd ends by force what has not ended after 90 s: no service of ours may need that. */
const SHUTDOWN_MS = 600_000;

let amphora: AmphoraGuest;
let site: Site;
let httpMember: Server;
let udpMember: Socket;
let tls: TlsIdentities;
const ports = { http: 0, tls: 0, udp: 0 };

before(async () => {
  assert.notEqual(IMAGE, "", "AMPHORA_IMAGE names the image to boot");
  tls = await TlsIdentities.create();
  httpMember = createServer((_, response) => response.end("member\n")).listen(0, "127.0.0.1");
  await once(httpMember, "listening");
  const { port } = httpMember.address() as { port: number };
  udpMember = createSocket("udp4").bind(port, "127.0.0.1");
  udpMember.on("message", (datagram, from) => udpMember.send(datagram, from.port, from.address));
  ports.http = await freePort();
  ports.tls = await freePort();
  ports.udp = await freePort();
  amphora = await AmphoraGuest.powerOn(IMAGE, USUAL);
  site = {
    amphoraId: amphora.identities.amphoraId,
    vip: VIP,
    vrrpIp: "10.1.0.6",
    // In its network this machine is the second address.
    member: { address: "10.2.0.2", port },
  };
});
after(async () => {
  await amphora?.[Symbol.asyncDispose]();
  httpMember.close();
  udpMember.close();
  await tls[Symbol.asyncDispose]();
});

/** What a client of the VIP reads; throws when nobody answers. */
function fetchVip(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get({ host: "127.0.0.1", port: ports.http, timeout: 5_000, agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    response.once("end", () => resolve(text)).once("error", reject);
  });
  request.once("error", reject).once("timeout", () => request.destroy(new Error("no answer")));
  return promise;
}

const serving = (what: string) =>
  eventually(
    what,
    async () => (await fetchVip()) === "member\n",
    () => amphora.guest.console(),
  );

/** Subject of the certificate that a TLS server shows. */
async function subjectOf(port: number, servername: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, servername, rejectUnauthorized: false, timeout: 10_000 });
  try {
    await once(socket, "secureConnect");
    return String(socket.getPeerCertificate().subject.CN);
  } finally {
    socket.destroy();
  }
}

test("it answers over mutual TLS, from a SATA CD and personality files", async () => {
  const start = performance.now();
  await amphora.answering();
  const seconds = (performance.now() - start) / 1_000;
  console.log(
    `# first answer: ${seconds.toFixed(1)} s, ${(await amphora.guest.cpuSeconds()).toFixed(1)} CPU s`,
  );
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
  assert.equal((await amphora.exec("hostname")).trim(), `amphora-${site.amphoraId}`);
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

test("cards are plugged while it runs, and the VIP serves HTTP", async () => {
  await amphora.guest.plug("fa:16:3e:00:01:01", "10.1.0.0/24", [
    { protocol: "tcp", port: ports.http, to: `${VIP}:80` },
    { protocol: "tcp", port: ports.tls, to: `${VIP}:443` },
    { protocol: "udp", port: ports.udp, to: `${VIP}:5000` },
  ]);
  await plugged("/1.0/plug/vip/10.1.0.5", {
    subnet_cidr: "10.1.0.0/24",
    gateway: "10.1.0.2",
    mac_address: "fa:16:3e:00:01:01",
    vrrp_ip: "10.1.0.6",
    mtu: 1_450,
    host_routes: [],
  });
  await amphora.guest.plug("fa:16:3e:00:02:01", "10.2.0.0/24", []);
  await plugged("/1.0/plug/network", {
    mac_address: "fa:16:3e:00:02:01",
    fixed_ips: [{ ip_address: "10.2.0.7", subnet_cidr: "10.2.0.0/24", host_routes: [] }],
    mtu: 1_450,
  });
  await upload({ withTls: false });
  await amphora.client.expect(202, "PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/start`);
  await serving("HTTP");
});

/** The card may not have been seen yet: controllers try again after 404, too. */
async function plugged(path: string, body: object): Promise<void> {
  await eventually(path, async () => (await amphora.client.send("POST", path, body)).status === 202);
}

async function upload(shape: { withTls: boolean }): Promise<void> {
  const path = `/1.0/loadbalancer/${site.amphoraId}/${LOAD_BALANCER}/haproxy`;
  await amphora.client.expect(202, "PUT", path, await haproxyConfig(site, shape));
}

test("heartbeats tell of the listener", async () => {
  await eventually("a heartbeat with the listener", async () =>
    amphora.heartbeats.received.some(({ message }) => HTTP_LISTENER in message.listeners),
  );
});

test("a reload adds a listener that terminates TLS and chooses certificates by name", async () => {
  const authority = await tls.authority("tenant");
  for (const name of ["one", "two"]) {
    const { pem } = await authority.issue(`${name}.example`, "rsa");
    await amphora.client.expect(
      200,
      "PUT",
      `/1.0/loadbalancer/${LOAD_BALANCER}/certificates/${name}.pem`,
      pem,
    );
  }
  const list = `${CERTIFICATES}/one.pem\n${CERTIFICATES}/two.pem\n`;
  const path = `/1.0/loadbalancer/${LOAD_BALANCER}/certificates/${TLS_LISTENER}.pem`;
  await amphora.client.expect(200, "PUT", path, list);
  await upload({ withTls: true });
  await amphora.client.expect(202, "PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/reload`);
  await eventually("TLS", async () => (await subjectOf(ports.tls, "two.example")) === "two.example");
  assert.equal(await subjectOf(ports.tls, "one.example"), "one.example");
  await serving("HTTP after the reload");
});

test("a UDP listener balances in the kernel, and heartbeats say so", async () => {
  const path = `/1.0/listeners/${site.amphoraId}/${UDP_LISTENER}/udp_listener`;
  await amphora.client.expect(200, "PUT", path, await udpConfig(site));
  await amphora.client.expect(202, "PUT", `/1.0/loadbalancer/${UDP_LISTENER}/start`);
  await eventually("an answer by UDP", () => echoes("through LVS"));
  await eventually("a heartbeat with the UDP listener", async () =>
    amphora.heartbeats.received.some(({ message }) => UDP_LISTENER in message.listeners),
  );
});

/** From a port of its own: what came before the listener was there is tracked as no traffic of its. */
async function echoes(text: string): Promise<boolean> {
  const client = createSocket("udp4");
  const echoed = once(client, "message", { signal: AbortSignal.timeout(1_000) });
  client.send(text, ports.udp, "127.0.0.1");
  try {
    return String((await echoed)[0]) === text;
  } finally {
    client.close();
  }
}

test("a reset in the middle of a change: traffic flows again without any call", async () => {
  // Keys of TLS listeners do not survive it; this is about what does.
  await upload({ withTls: false });
  await amphora.client.expect(202, "PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/reload`);
  const path = `/1.0/loadbalancer/${site.amphoraId}/${LOAD_BALANCER}/haproxy`;
  const half = amphora.client.send("PUT", path, await haproxyConfig(site, { withTls: false }));
  // It never hears an answer.
  half.catch(() => undefined);
  await amphora.guest.reset();
  const start = performance.now();
  await serving("HTTP after the reset");
  console.log(`# first request after a reset: ${((performance.now() - start) / 1_000).toFixed(1)} s`);
  await amphora.answering();
});

test("a reboot in order: the same", async () => {
  const reset = amphora.guest.untilReset(SHUTDOWN_MS);
  await Promise.all([reset, amphora.exec("systemd-run --on-active=1 systemctl reboot")]);
  const start = performance.now();
  await serving("HTTP after the reboot");
  console.log(`# first request after a reboot: ${((performance.now() - start) / 1_000).toFixed(1)} s`);
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
  await amphora.client.send("PUT", "/1.0/certificate", amphora.identities.server).catch(() => undefined);
});

test("the power button ends it in order", async () => {
  assert.ok(await amphora.guest.powerOff(SHUTDOWN_MS), "it did not power off");
});

const OTHERS: readonly Shape[] = [
  { machine: "pc", bus: "cd", memoryMb: 1_024, handover: "user_data", format: "iso9660" },
  { machine: "q35", bus: "virtio", memoryMb: 256, handover: "user_data", format: "vfat" },
];
for (const shape of OTHERS) {
  test(`it also comes up as ${shape.machine}, ${shape.format} by ${shape.bus}, ${shape.handover}, ${shape.memoryMb} MB`, async () => {
    await using other = await AmphoraGuest.powerOn(IMAGE, shape);
    await other.answering();
  });
}
