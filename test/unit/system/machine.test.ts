import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCpu, parseLoad, parseMemory } from "../../../agent/system/machine.ts";
import { parseDpkgStatus, parseOsRelease } from "../../../agent/system/packages.ts";
import { facilityNumber, syslogFacility, withPriority } from "../../../agent/system/syslog.ts";

test("takes user, system and softirq from the first line of /proc/stat", () => {
  const stat = "cpu  10 2 30 400 5 6 70 8 9 1\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
  assert.deepEqual(parseCpu(stat), { total: 541, user: "10", system: "30", soft_irq: "70" });
});

test("reports SwapCached as swap_used", () => {
  const meminfo =
    "MemTotal:  1000 kB\nMemFree: 1 kB\nBuffers: 2 kB\nCached: 3 kB\nSwapCached: 4 kB\nShmem: 5 kB\nSlab: 6 kB\n";
  assert.deepEqual(parseMemory(meminfo), {
    total: 1000,
    free: 1,
    buffers: 2,
    cached: 3,
    swap_used: 4,
    shared: 5,
    slab: 6,
  });
});

test("keeps the load averages as text", () => {
  assert.deepEqual(parseLoad("0.00 1.50 2.25 1/100 4242\n"), ["0.00", "1.50", "2.25"]);
});

test("finds installed packages only, by their whole name", () => {
  const status = Buffer.from(`
Package: haproxy-doc
Status: install ok installed
Version: 9

Package: haproxy
Status: install ok installed
Architecture: amd64
Version: 2.6.12-1+deb12u4

Package: ipvsadm
Status: deinstall ok config-files
Version: 1:1.31-1
`);
  assert.deepEqual(parseDpkgStatus(status, ["haproxy", "ipvsadm", "keepalived"]), [
    "2.6.12-1+deb12u4",
    undefined,
    undefined,
  ]);
});

test("reads the distribution with and without quotes", () => {
  assert.deepEqual(parseOsRelease('NAME="Rocky Linux"\nID="rocky"\nVERSION_ID="9.3"\n'), {
    id: "rocky",
    major: "9",
  });
  assert.deepEqual(parseOsRelease("ID=debian\n"), { id: "debian", major: "" });
});

test("gives each log line the syslog priority of its level", () => {
  assert.equal(facilityNumber("local3"), 19);
  assert.equal(withPriority('{"level":50,"msg":"x"}', 19), '<155>{"level":50,"msg":"x"}');
  assert.equal(withPriority("no level", 16), "<134>no level");
});

test("means local<administrative_log_facility> unless the facility is named", () => {
  assert.equal(syslogFacility("LOG_LOCAL5", 1), "local5");
  assert.equal(syslogFacility("LOG_USER", 1), "local1");
});
