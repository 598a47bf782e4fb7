/** Announcements as they arrive at the other end of the link. */
import assert from "node:assert/strict";
import { after, afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { capture, cleanHost, createRig, endCaptures, plugPort, shell } from "./network-rig.ts";

beforeEach(cleanHost);
afterEach(cleanHost);
after(endCaptures);

const HAS_ARPING = (await shell("command -v arping || true")) !== "";

async function waitFor(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) assert.fail(`not seen in time: ${what}`);
    await sleep(10);
  }
}

/** docs/contract/network.md, 8.2. The kernel, which stands in for a missing arping, leaves the target empty. */
function arpFrame(mac: string, address: string): string {
  const sender = mac.replaceAll(":", "");
  const ip = address
    .split(".")
    .map((octet) => Number(octet).toString(16).padStart(2, "0"))
    .join("");
  const target = HAS_ARPING ? "ffffffffffff" : "000000000000";
  return `ffffffffffff${sender}08060001080006040001${sender}${ip}${target}${ip}`;
}

const isArp = (frame: string): boolean => frame.slice(24, 28) === "0806";
/** Neighbour advertisements to all nodes, the kernel's link-local address left out. */
const isAnnouncement = (frame: string): boolean =>
  frame.startsWith("333300000001") && frame.slice(108, 110) === "88" && frame.slice(44, 48) !== "fe80";

test("announces each IPv4 address once, in the contract's frame", async () => {
  const { network, lines } = createRig();
  const { mac, far } = await plugPort(1);
  await network.restore();
  const subnet_cidr = "192.0.2.0/24";
  const frames = await capture(far);
  const startedAt = performance.now();
  await network.plugNetwork({
    mac_address: mac,
    fixed_ips: [
      { ip_address: "192.0.2.5", subnet_cidr },
      { ip_address: "192.0.2.6", subnet_cidr },
    ],
  });
  assert.ok(performance.now() - startedAt < 900, "the answer does not wait for announcements");
  await network.idle();
  await waitFor(() => frames.filter(isArp).length >= 2, "two ARP requests");
  assert.deepEqual(frames.filter(isArp).sort(), [arpFrame(mac, "192.0.2.5"), arpFrame(mac, "192.0.2.6")]);
  await network.advertise(["192.0.2.5", "192.0.2.5"]);
  await network.idle();
  await waitFor(() => frames.filter(isArp).length >= 3, "a third ARP request");
  const degraded = lines.filter(({ event }) => event === "network.advertise.degraded");
  assert.equal(degraded.length > 0, !HAS_ARPING);
  for (const line of degraded) assert.match(String(line.msg), /iputils-arping/);
});

test("announces an IPv6 address by the contract's neighbour advertisement", async () => {
  const { network } = createRig();
  const { mac, far } = await plugPort(1);
  await network.restore();
  await network.plugVip("2001:db8::5", {
    mac_address: mac,
    subnet_cidr: "2001:db8::/64",
    gateway: null,
    vrrp_ip: "2001:db8::6",
  });
  const frames = await capture(far);
  await network.advertise(["2001:db8:0::5"]);
  await network.idle();
  await waitFor(
    () => frames.some((frame) => isAnnouncement(frame) && frame.includes("0005ff02")),
    "advertisement",
  );
  const [frame] = frames.filter((candidate) => isAnnouncement(candidate) && candidate.includes("0005ff02"));
  const sender = mac.replaceAll(":", "");
  const address = "20010db8000000000000000000000005";
  assert.ok(frame);
  assert.equal(frame.slice(0, 28), `333300000001${sender}86dd`);
  assert.equal(
    frame.slice(36),
    `00203aff${address}ff0200000000000000000000000000018800${frame.slice(112, 116)}a0000000${address}0201${sender}`,
  );
});

test("plugging a VIP announces nothing", async () => {
  const { network } = createRig();
  const { mac, far } = await plugPort(1);
  const frames = await capture(far);
  await network.plugVip("2001:db8::5", {
    mac_address: mac,
    subnet_cidr: "2001:db8::/64",
    gateway: null,
    vrrp_ip: "2001:db8::6",
    additional_vips: [
      { ip_address: "192.0.2.5", subnet_cidr: "192.0.2.0/24", gateway: null, host_routes: [] },
    ],
  });
  await waitFor(() => frames.length > 0, "duplicate address detection");
  assert.deepEqual(
    frames.filter((frame) => isArp(frame) || isAnnouncement(frame)),
    [],
  );
});

test("an address that is not configured ends the list, quietly", async () => {
  const { network, lines } = createRig();
  const { mac, far } = await plugPort(1);
  await network.plugNetwork({
    mac_address: mac,
    fixed_ips: [{ ip_address: "192.0.2.5", subnet_cidr: "192.0.2.0/24" }],
  });
  await network.idle();
  lines.length = 0;
  const frames = await capture(far);
  await network.advertise(["198.51.100.9", "192.0.2.5"]);
  await network.advertise([]);
  await network.idle();
  assert.deepEqual(lines, []);
  assert.deepEqual(frames.filter(isArp), []);
});
