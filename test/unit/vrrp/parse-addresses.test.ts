import assert from "node:assert/strict";
import { test } from "node:test";
import { parseVirtualAddresses } from "../../../agent/vrrp/parse-addresses.ts";

test("every address that keepalived would add is found, once, and nothing else", () => {
  const config = `vrrp_instance one {
    unicast_src_ip 203.0.113.11
    unicast_peer {
        203.0.113.12
    }
    virtual_ipaddress {
        203.0.113.5
        # 203.0.113.6
    }
    virtual_ipaddress_excluded {
        2001:DB8:0::5/64 dev eth1 ! the second VIP
        203.0.113.7/24
        203.0.113.5
    }
    virtual_routes {
        203.0.113.0/24 dev eth1 src 203.0.113.9 scope link table 1
    }
}
`;
  assert.deepEqual(parseVirtualAddresses(config), ["203.0.113.5/32", "2001:db8::5/128", "203.0.113.7/32"]);
});

test("a configuration without instances has none", () => {
  assert.deepEqual(parseVirtualAddresses("global_defs {\n}\n"), []);
});
