import assert from "node:assert/strict";
import { test } from "node:test";
import { hasVirtualServer, parseVipAddresses } from "../../../agent/lvs/parse-config.ts";

const CONFIG = `# Configuration for Listener 0b2b6c81-dee3-4785-8a2f-f918238ce668

net_namespace amphora-haproxy

virtual_server_group ipv4-group {
    203.0.113.5 5000
    203.0.113.6 5000
}
virtual_server group ipv4-group {
    real_server 10.0.0.10 8080 {
        weight 1
    }
}

virtual_server_group ipv6-group {

    2001:db8::5 5000
    203.0.113.5 5001
}
`;

test("the addresses of a listener are those of all its groups, each once, in order", () => {
  assert.deepEqual(parseVipAddresses(CONFIG), ["203.0.113.5", "203.0.113.6", "2001:db8::5"]);
});

test("members are no addresses of the listener", () => {
  assert.deepEqual(parseVipAddresses("virtual_server group g {\n  real_server 10.0.0.1 80 {\n  }\n}\n"), []);
});

test("a group without an end has no addresses", () => {
  assert.deepEqual(parseVipAddresses("virtual_server_group g {\n  10.0.0.1 80\n"), []);
});

test("a configuration balances something only when it has a virtual server", () => {
  assert.equal(hasVirtualServer(CONFIG), true);
  assert.equal(hasVirtualServer("net_namespace amphora-haproxy\n"), false);
});
