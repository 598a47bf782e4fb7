import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEndpoint, showEndpoint } from "../../../agent/lvs/parse-endpoint.ts";

test("an endpoint is shown as people write it", () => {
  for (const [address, port, shown] of [
    ["203.0.113.5", "53", "203.0.113.5:53"],
    ["10.0.0.255", "65535", "10.0.0.255:65535"],
    ["2001:db8::5", "53", "[2001:db8::5]:53"],
  ] as const) {
    const endpoint = parseEndpoint(address, port);
    assert.ok(endpoint);
    assert.equal(showEndpoint(endpoint), shown);
  }
});
