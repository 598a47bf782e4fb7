import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import { parseCounters, parseServers } from "../../../agent/lvs/parse-kernel.ts";
import { aStatistics, aTable } from "./configs.ts";

suite("the kernel's table of services", () => {
  test("servers belong to the service above them, whatever its protocol", () => {
    const servers = parseServers(
      aTable(
        "UDP  CB00710A:14E9 rr persistent 300",
        "  -> C000020B:1389      Masq    3      4          1         ",
        "TCP  CB00710A:14E9 rr",
        "  -> C000020C:1389      Masq    1      9          9         ",
        "FWM  00000001 wlc",
        "  -> C000020D:0000      Route   1      9          9         ",
        "SCTP [2001:0db8:0000:0000:0000:0000:0000:0005]:14E9 rr",
        "  -> [2001:0db8:0000:0000:0000:0000:0000:0010]:0035      Masq    0      7          0",
      ),
    );
    assert.deepEqual(
      [...(servers.get("UDP CB00710A:14E9") ?? [])],
      [["C000020B:1389", { weight: 3, activeConnections: 4, inactiveConnections: 1 }]],
    );
    assert.deepEqual(
      [...(servers.get("SCTP [2001:0db8:0000:0000:0000:0000:0000:0005]:14E9")?.values() ?? [])],
      [{ weight: 0, activeConnections: 7, inactiveConnections: 0 }],
    );
    assert.equal(servers.size, 4);
  });

  test("a service without servers is there", () => {
    assert.equal(parseServers(aTable("UDP  CB00710A:14E9 rr")).get("UDP CB00710A:14E9")?.size, 0);
  });

  test("a server without numbers is an error, not a server without weight", () => {
    const table = aTable("UDP  CB00710A:14E9 rr", "  -> C000020B:1389 Masq");
    assert.throws(() => parseServers(table), AgentError);
  });
});

suite("ipvsadm's statistics", () => {
  test("counters are those of the services, exact at every size, under the kernel's spelling", () => {
    const counters = parseCounters(
      aStatistics(
        "UDP  203.0.113.10:5353        12       34       30 18446744073709551615     7800",
        "  -> 192.0.2.11:5001          1       1        1        1                   1",
        "UDP  [2001:db8::5]:5353        1        2        3        4        5",
        "FWM  1                         9        9        9        9        9",
      ),
    );
    assert.deepEqual(
      [...counters],
      [
        ["UDP CB00710A:14E9", { connections: 12, bytesIn: 18446744073709551615n, bytesOut: 7800 }],
        ["UDP [2001:0db8:0000:0000:0000:0000:0000:0005]:14E9", { connections: 1, bytesIn: 4, bytesOut: 5 }],
      ],
    );
  });

  test("rounded numbers are refused", () => {
    assert.throws(() => parseCounters(aStatistics("UDP 192.0.2.1:53 12K 1 1 1 1")), AgentError);
  });
});
