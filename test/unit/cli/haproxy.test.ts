import assert from "node:assert/strict";
import { test } from "node:test";
import { choose } from "../../../agent/cli/haproxy.ts";
import { parseLoadBalancerId } from "../../../agent/loadbalancer/ids.ts";

const [first, second] = [1, 2].map((digit) => parseLoadBalancerId(String(digit).repeat(8)));
assert.ok(first && second);

test("the only load balancer needs no name", () => {
  assert.equal(choose([first], undefined), first);
  assert.equal(choose([first], first), first);
});

test("of several load balancers one has to be named, and the error names them", () => {
  assert.throws(() => choose([first, second], undefined), /--load-balancer ID, of: 11111111, 22222222/);
  assert.equal(choose([first, second], second), second);
});

test("an unknown or impossible id is refused with what there is", () => {
  assert.throws(() => choose([first], second), /no load balancer 22222222 here; there is: 11111111/);
  assert.throws(() => choose([first], "../etc"), /no load balancer/);
  assert.throws(() => choose([], undefined), /no load balancer yet/);
});
