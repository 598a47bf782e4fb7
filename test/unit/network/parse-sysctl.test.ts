import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSettings } from "../../../agent/network/parse-sysctl.ts";

test("plain assignments count, in both spellings, the last of a name", () => {
  const text = `# comment
net.ipv4.ip_nonlocal_bind=0
net/ipv4/ip_nonlocal_bind = 1
net.ipv4.ping_group_range = 0\t2147483647
net.ipv6.conf.all.forwarding = 1
`;
  assert.deepEqual(
    [...parseSettings(text)],
    [
      ["net.ipv4.ip_nonlocal_bind", "1"],
      ["net.ipv4.ping_group_range", "0 2147483647"],
      ["net.ipv6.conf.all.forwarding", "1"],
    ],
  );
});

test("patterns, single interfaces, what may fail and what is the whole machine's do not", () => {
  const text = `-net.ipv4.conf.all.accept_source_route = 0
net.ipv4.conf.*.rp_filter = 2
net.ipv4.conf.eth0.rp_filter = 2
net.core.somaxconn = 1024
kernel.sysrq = 1
; net.ipv4.ip_forward = 0
`;
  assert.deepEqual([...parseSettings(text)], []);
});
