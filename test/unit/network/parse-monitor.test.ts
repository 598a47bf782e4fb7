import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMonitorLine } from "../../../agent/network/parse-monitor.ts";

test("a change is told in few words", () => {
  const line =
    "[ADDR]Deleted 3: eth1    inet 10.0.0.5/24 scope global eth1\\       valid_lft forever preferred_lft forever";
  const event = parseMonitorLine(line);
  assert.equal(event?.text, "Deleted 3: eth1 inet 10.0.0.5/24 scope global eth1");
  assert.equal(event?.isSetting, false);
  assert.equal(event?.carrier, undefined);
});

test("a link tells whether it has a carrier", () => {
  const link = (flags: string) =>
    parseMonitorLine(
      `[LINK]3: eth1@if2: <${flags}> mtu 1450 qdisc noqueue state UP \\    link/ether 6e:9f brd ff`,
    );
  assert.deepEqual(link("BROADCAST,MULTICAST,UP,LOWER_UP")?.carrier, { device: "eth1", isThere: true });
  assert.deepEqual(link("NO-CARRIER,BROADCAST,MULTICAST,UP")?.carrier, { device: "eth1", isThere: false });
});

test("a setting is told apart: the state of the network does not show it", () => {
  assert.equal(parseMonitorLine("[NETCONF]inet all forwarding off ")?.isSetting, true);
});

test("the kernel's own bookkeeping, and what is no event, are left out", () => {
  for (const line of [
    "[ROUTE]local 10.0.0.5 dev eth1 table local proto kernel scope host src 10.0.0.5 ",
    "[ROUTE]Deleted broadcast 10.0.0.255 dev eth1 table local proto kernel scope link src 10.0.0.5 ",
    "[ROUTE]multicast ff00::/8 dev eth1 table local proto kernel metric 256 pref medium",
    "",
    "netlink receive error No buffer space available (105)",
  ]) {
    assert.equal(parseMonitorLine(line), undefined, line);
  }
});
