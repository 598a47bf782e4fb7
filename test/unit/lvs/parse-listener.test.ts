import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseLvsListener } from "../../../agent/lvs/parse-listener.ts";
import { aConfig, memberId, POOL } from "./configs.ts";

suite("reading a listener's keepalived configuration", () => {
  test("addresses are in the kernel's spelling, the first one of each group", () => {
    const { services } = parseLvsListener(
      aConfig([
        { vips: ["203.0.113.10", "203.0.113.11"], port: 5353, members: [] },
        { vips: ["2001:DB8::5"], port: 5353, members: [] },
      ]),
    );
    assert.deepEqual(services, ["UDP CB00710A:14E9", "UDP [2001:0db8:0000:0000:0000:0000:0000:0005]:14E9"]);
  });

  test("the protocol belongs to the service", () => {
    const config = aConfig([{ vips: ["192.0.2.1"], members: [] }], { protocol: "SCTP" });
    assert.deepEqual(parseLvsListener(config).services, ["SCTP C0000201:0035"]);
  });

  test("members keep their own servers when disabled ones stand between them", () => {
    const config = aConfig([
      { vips: ["192.0.2.1"], members: ["192.0.2.10", undefined, "192.0.2.12"] },
      { vips: ["2001:db8::1"], members: ["2001:db8::10"] },
    ]);
    assert.deepEqual(parseLvsListener(config).pool, {
      id: POOL,
      monitored: true,
      members: [
        { id: memberId(1), disabled: false, server: "C000020A:1388" },
        { id: memberId(3), disabled: false, server: "C000020C:1388" },
        {
          id: memberId(4),
          disabled: false,
          server: "[2001:0db8:0000:0000:0000:0000:0000:0010]:1388",
        },
        { id: memberId(2), disabled: true, server: undefined },
      ],
    });
  });

  test("a disabled pool counts as none, a disabled listener says so", () => {
    const noPool = aConfig([{ vips: ["192.0.2.1"], members: [] }]).replace(
      /# Configuration for Pool (\S+)/,
      "# Pool $1 is disabled",
    );
    assert.equal(parseLvsListener(noPool).pool, undefined);
    assert.equal(parseLvsListener(noPool).disabled, false);
    assert.equal(parseLvsListener(`# Listener ${POOL} is disabled`).disabled, true);
  });

  for (const check of ["MISC_CHECK", "HTTP_GET", "TCP_CHECK"]) {
    test(`${check} is a health monitor`, () => {
      const config = aConfig([{ vips: ["192.0.2.1"], members: ["192.0.2.9"] }], { monitor: false });
      assert.equal(parseLvsListener(config).pool?.monitored, false);
      assert.equal(parseLvsListener(`${config}${check} {\n}`).pool?.monitored, true);
    });
  }

  test("text that is no configuration has neither addresses nor a pool", () => {
    assert.deepEqual(parseLvsListener("virtual_server_group x {\n  not-an-address 53\n}"), {
      disabled: false,
      services: [],
      pool: undefined,
    });
  });
});
