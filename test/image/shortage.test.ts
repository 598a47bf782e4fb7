/**
 * The image, booted, when its memory is used up: what runs goes on, and its status says what is wrong.
 * `AMPHORA_IMAGE` names the image (image-build/boot-test sets it). One amphora lives through all of it.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type Server } from "node:http";
import process from "node:process";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Problem, Status } from "../../agent/status/types.ts";
import { AmphoraGuest, eventually } from "./amphora-guest.ts";
import { haproxyConfig, LOAD_BALANCER, type Site } from "./documents.ts";
import { freePort } from "./guest.ts";

const IMAGE = process.env.AMPHORA_IMAGE ?? "";
const VIP = "10.1.0.5";
const HAPROXY_UNIT = `haproxy-${LOAD_BALANCER}.service`;
const HEARTBEATS = 3;
const ANSWERS = 10;
/** Takes all memory but a fiftieth, and keeps it. */
const HOARD =
  'open F, "/proc/meminfo"; ($a) = map { /^MemAvailable: *(\\d+)/ } <F>; $x = "x" x ($a * 1024 - 20e6); sleep 600';
/**
 * The kernel promises no more memory than it has promised by now, so that no process can be divided in two; taken back
 * by the same program, since nobody else could be started for it.
 */
const NO_PROMISES = `sub put { open F, ">", "/proc/sys/vm/$_[0]"; print F $_[1]; close F }
open F, "/proc/meminfo"; ($c) = map { /^Committed_AS: *(\\d+)/ } <F>;
put("admin_reserve_kbytes", 0); put("overcommit_kbytes", $c); put("overcommit_memory", 2);
sleep 120; put("overcommit_memory", 0);`;

let amphora: AmphoraGuest;
let site: Site;
let member: Server;
let port = 0;

before(async () => {
  assert.notEqual(IMAGE, "", "AMPHORA_IMAGE names the image to boot");
  member = createServer((_, response) => response.end("member\n")).listen(0, "127.0.0.1");
  await once(member, "listening");
  port = await freePort();
  amphora = await AmphoraGuest.powerOn(IMAGE, {
    machine: "q35",
    bus: "cd",
    memoryMb: 1_024,
    handover: "personality",
    format: "iso9660",
  });
  const { port: memberPort } = member.address() as { port: number };
  site = {
    amphoraId: amphora.identities.amphoraId,
    vip: VIP,
    vrrpIp: "10.1.0.6",
    member: { address: "10.1.0.2", port: memberPort },
  };
  await amphora.answering();
  await amphora.guest.plug("fa:16:3e:00:01:01", "10.1.0.0/24", [{ protocol: "tcp", port, to: `${VIP}:80` }]);
  await eventually("the VIP", async () => {
    const body = {
      subnet_cidr: "10.1.0.0/24",
      gateway: "10.1.0.2",
      mac_address: "fa:16:3e:00:01:01",
      vrrp_ip: site.vrrpIp,
      mtu: 1_450,
      host_routes: [],
    };
    return (await amphora.client.send("POST", `/1.0/plug/vip/${VIP}`, body)).status === 202;
  });
  assert.equal(await upload(), 202);
  await amphora.client.expect(202, "PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/start`);
  await eventually("traffic", async () => (await fetchVip()) === "member\n");
  await healthy();
});
after(async () => {
  await amphora?.[Symbol.asyncDispose]();
  member.close();
});

function fetchVip(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get({ host: "127.0.0.1", port, timeout: 30_000, agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    response.once("end", () => resolve(text)).once("error", reject);
  });
  request.once("error", reject).once("timeout", () => request.destroy(new Error("no answer")));
  return promise;
}

async function upload(): Promise<number> {
  const path = `/1.0/loadbalancer/${site.amphoraId}/${LOAD_BALANCER}/haproxy`;
  return (await amphora.client.send("PUT", path, await haproxyConfig(site, { withTls: false }))).status;
}

async function problems(): Promise<readonly Problem[]> {
  const text = await amphora.client.expect(200, "GET", "/agent/v1/status");
  return (JSON.parse(text) as Status).problems;
}

const healthy = () => eventually("a healthy amphora", async () => (await problems()).length === 0);

const says = (text: RegExp) =>
  eventually(`status that says ${text}`, async () => (await problems()).some((one) => text.test(one.text)));

const pidOf = async (unit: string): Promise<string> =>
  (await amphora.exec(`systemctl show --property=MainPID --value ${unit}`)).trim();

/** As a unit of its own. */
async function start(unit: string, perl: string): Promise<void> {
  await amphora.exec(`cat >/run/${unit}.pl <<'END'\n${perl}\nEND`);
  await amphora.exec(`systemd-run --quiet --unit=${unit} perl /run/${unit}.pl`);
}

/** Every request is answered, and heartbeats come. */
async function goesOn(): Promise<void> {
  const beats = amphora.heartbeats.received.length;
  for (let answers = 0; answers < ANSWERS; answers += 1) {
    assert.equal(await fetchVip(), "member\n");
    await sleep(50);
  }
  await eventually("heartbeats", async () => amphora.heartbeats.received.length >= beats + HEARTBEATS);
}

test("memory that is almost used up: status says so", async () => {
  await start("hoarder", HOARD);
  await says(/^memory is almost used up: \d+ MB are left$/);
  await goesOn();
  assert.match(await amphora.exec("amphora status || true"), /memory is almost used up/);
  await amphora.exec("systemctl stop hoarder.service");
  await healthy();
});

test("no memory for new processes: traffic and heartbeats go on, status says so, and changes are refused", async () => {
  const haproxy = await pidOf(HAPROXY_UNIT);
  await start("no-promises", NO_PROMISES);
  await says(/^no new process can be started: .*ENOMEM/);
  const [problem] = (await problems()).filter(({ text }) => text.includes("ENOMEM"));
  console.log(`# ${problem?.text}`);
  await goesOn();
  assert.equal(await upload(), 500);
  await eventually("memory to promise again", async () => (await upload()) === 202);
  // The agent may be another one: V8 ends it when it is refused memory for itself, and systemd brings it back.
  assert.equal(await pidOf(HAPROXY_UNIT), haproxy);
  await goesOn();
  await healthy();
});
