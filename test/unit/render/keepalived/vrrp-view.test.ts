import assert from "node:assert/strict";
import { test } from "node:test";
import type { RenderingDocument } from "../../../../agent/render/document/types.ts";
import { vrrpView } from "../../../../agent/render/keepalived/vrrp-view.ts";

const AMPHORA = {
  id: "one",
  status: "ALLOCATED",
  vrrp_ip: "203.0.113.11",
  vrrp_interface: "eth1",
  vrrp_id: 1,
  vrrp_priority: 100,
};
const GROUP = { vrrp_group_name: "group", vrrp_auth_type: "PASS", vrrp_auth_pass: "secret", advert_int: 1 };

function aDocument(changes: Partial<RenderingDocument> = {}): RenderingDocument {
  return {
    format: "octavia-amphora-rendering",
    format_version: 1,
    kind: "keepalived-vrrp",
    amphora_id: "one",
    amphorae: [AMPHORA],
    vrrp: { group: GROUP, vip_subnet: { cidr: "203.0.113.0/24" } },
    loadbalancer: { loadbalancer_id: "lb", vip_address: "203.0.113.5" },
    ...changes,
  };
}

const withSubnet = (vip_subnet: {
  cidr: string;
  gateway_ip?: string;
  host_routes?: { destination: string; nexthop: string }[];
}) => aDocument({ vrrp: { group: GROUP, vip_subnet } });

for (const [given, printed] of [
  ["198.51.100.0/255.255.255.0", "198.51.100.0/24"],
  ["198.51.100.0/0.0.0.255", "198.51.100.0/24"],
  ["198.51.100.7", "198.51.100.7/32"],
  ["2001:0DB8:0:0:1:0:0:0/80", "2001:db8:0:0:1::/80"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1/128"],
  ["::FFFF:192.0.2.0/120", "::ffff:c000:200/120"],
] as const) {
  test(`prints the subnet ${given} as ${printed}`, () => {
    assert.equal(vrrpView(withSubnet({ cidr: given })).vips[0]?.network, printed);
  });
}

for (const [title, document, details] of [
  [
    "an amphora that is not listed",
    aDocument({ amphora_id: "two" }),
    '$.amphora_id: expected the id of one of $.amphorae; found "two"',
  ],
  [
    "its amphora without address",
    aDocument({ amphorae: [{ ...AMPHORA, vrrp_ip: null }] }),
    "$.amphorae[0].vrrp_ip: expected an IPv4 or IPv6 address; found null",
  ],
  [
    "its amphora without interface",
    aDocument({ amphorae: [{ ...AMPHORA, vrrp_interface: "" }] }),
    '$.amphorae[0].vrrp_interface: expected the name of an interface; found ""',
  ],
  [
    "its amphora without priority",
    aDocument({ amphorae: [{ id: "zero" }, { ...AMPHORA, vrrp_priority: null }] }),
    "$.amphorae[1].vrrp_priority: expected an integer; found nothing",
  ],
  [
    "a VIP that is no address",
    aDocument({ loadbalancer: { loadbalancer_id: "lb", vip_address: "include /etc/passwd" } }),
    '$.loadbalancer.vip_address: expected an IPv4 or IPv6 address; found "include /etc/passwd"',
  ],
  [
    "a peer that is no address",
    aDocument({ amphorae: [AMPHORA, { id: "two", status: "ALLOCATED", vrrp_ip: "}" }] }),
    '$.amphorae[1].vrrp_ip: expected an IPv4 or IPv6 address; found "}"',
  ],
  [
    "host bits in a subnet",
    withSubnet({ cidr: "203.0.113.5/24" }),
    '$.vrrp.vip_subnet.cidr: expected a network without host bits; found "203.0.113.5/24"',
  ],
  [
    "a gateway that is no address",
    withSubnet({ cidr: "203.0.113.0/24", gateway_ip: "x" }),
    '$.vrrp.vip_subnet.gateway_ip: expected an IPv4 or IPv6 address; found "x"',
  ],
  [
    "a route to no network",
    withSubnet({ cidr: "203.0.113.0/24", host_routes: [{ destination: "x", nexthop: "203.0.113.1" }] }),
    '$.vrrp.vip_subnet.host_routes[0].destination: expected an IPv4 or IPv6 network; found "x"',
  ],
  [
    "a brace, which would end a block",
    aDocument({ vrrp: { group: { ...GROUP, vrrp_group_name: "a } b" }, vip_subnet: { cidr: "::/0" } } }),
    '$.vrrp.group.vrrp_group_name: expected text without { and }; found "a } b"',
  ],
  [
    "a brace in the password, without showing it",
    aDocument({ vrrp: { group: { ...GROUP, vrrp_auth_pass: "}" }, vip_subnet: { cidr: "::/0" } } }),
    "$.vrrp.group.vrrp_auth_pass: expected text without { and }; found a string that is not shown",
  ],
] as const) {
  test(`refuses ${title}`, () => {
    assert.throws(() => vrrpView(document), { name: "DocumentError", details });
  });
}
