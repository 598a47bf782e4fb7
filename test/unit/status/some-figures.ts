/** Figures of an agent with one of everything. */
import type { Figures } from "../../../agent/status/figures.ts";

export const SOME_FIGURES: Figures = {
  version: "0.1.0",
  supervisor: "systemd",
  startedAt: 1_700_000_000_000,
  requests: new Map([
    [200, 12],
    [404, 1],
  ]),
  changes: { runtime: 5, unchanged: 2, reload: 3, failed: 1 },
  heartbeats: {
    sent: 100,
    failed: 2,
    late: 1,
    lastSentAt: { "192.0.2.10:5555": 1_700_000_100_500 },
  },
  healing: {
    repairs: { rule: 3, address: 1 },
    last: {
      keeper: "network",
      differences: ["rule add from 203.0.113.5/32 table 1"],
      cause: "Deleted 32000: from 203.0.113.5 lookup 1",
      at: "2026-11-21T12:00:00.500Z",
    },
    flapping: ["rule add from 203.0.113.5/32 table 1"],
    failing: [],
  },
  residentBytes: 60e6,
  cpuSeconds: 1.25,
  eventLoopLagMs: 2,
  looked: {
    workers: { value: [{ loadBalancerId: "lb", current: 1, old: 2 }] },
    vrrp: { value: [{ name: "i1", role: "MASTER", since: "2026-11-21T12:00:00.500Z" }] },
    certificates: {
      value: [{ file: '/etc/a "b"\\c.pem', notAfter: new Date("2026-12-21T12:00:00Z") }],
    },
    conntrack: { value: { used: 7, limit: 262_144 } },
    files: { value: { machine: { used: 900, limit: 100_000 }, process: 30 } },
    disk: { value: { totalBytes: 2e9, availableBytes: 1e9 } },
  },
};
