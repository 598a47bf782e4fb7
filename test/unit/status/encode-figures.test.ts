import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { encodeFigures } from "../../../agent/status/encode-figures.ts";
import { SOME_FIGURES } from "./some-figures.ts";

const text = encodeFigures(SOME_FIGURES);

test("every figure has its explanation, its type and its samples", () => {
  const lines = text.split("\n");
  for (const expected of [
    "# HELP amphora_agent_heartbeats_sent_total Heartbeats that were sent.",
    "# TYPE amphora_agent_heartbeats_sent_total counter",
    "amphora_agent_heartbeats_sent_total 100",
    'amphora_agent_info{version="0.1.0",supervisor="systemd"} 1',
    'amphora_agent_api_requests_total{code="404"} 1',
    'amphora_agent_haproxy_changes_total{how="reload"} 3',
    'amphora_agent_heartbeat_last_sent_timestamp_seconds{controller="192.0.2.10:5555"} 1700000100.5',
    'amphora_agent_haproxy_workers{load_balancer="lb",state="old"} 2',
    'amphora_agent_vrrp_state{instance="i1",state="MASTER"} 1',
    'amphora_agent_vrrp_state{instance="i1",state="BACKUP"} 0',
    'amphora_agent_vrrp_last_transition_timestamp_seconds{instance="i1"} 1795262400.5',
    'amphora_agent_certificate_expiry_timestamp_seconds{file="/etc/a \\"b\\"\\\\c.pem"} 1797854400',
    "amphora_agent_conntrack_entries 7",
    "amphora_agent_conntrack_entries_limit 262144",
    "amphora_agent_machine_open_files 900",
    "amphora_agent_process_open_files 30",
    "amphora_agent_disk_available_bytes 1000000000",
    "amphora_agent_event_loop_lag_seconds 0.002",
    'amphora_agent_repairs_total{kind="rule"} 3',
    "amphora_agent_repair_last_timestamp_seconds 1795262400.5",
    'amphora_agent_differences{state="flapping"} 1',
    'amphora_agent_differences{state="failing"} 0',
    'amphora_agent_readable{part="disk"} 1',
  ]) {
    assert.ok(lines.includes(expected), `${expected}\n${text}`);
  }
  assert.equal(lines.at(-1), "");
});

test("what could not be read is missing, and is said to be", () => {
  const failure = { failure: "cannot" };
  const { looked } = SOME_FIGURES;
  const some = encodeFigures({ ...SOME_FIGURES, looked: { ...looked, disk: failure, workers: failure } });
  assert.doesNotMatch(some, /disk_size_bytes|haproxy_workers/);
  assert.match(some, /^amphora_agent_readable\{part="disk"\} 0$/m);
  assert.match(some, /^amphora_agent_readable\{part="vrrp"\} 1$/m);
});

test("a kernel that tracks no connections has no such metric, which is no failure", () => {
  const { looked } = SOME_FIGURES;
  const some = encodeFigures({ ...SOME_FIGURES, looked: { ...looked, conntrack: { value: undefined } } });
  assert.doesNotMatch(some, /conntrack_entries/);
  assert.match(some, /^amphora_agent_readable\{part="conntrack"\} 1$/m);
});

test("docs/metrics.md has every metric, and no other", async () => {
  const page = await readFile(new URL("../../../docs/metrics.md", import.meta.url), "utf8");
  const documented = Array.from(page.matchAll(/^\| `(amphora_agent_\w+)/gm), ([, name]) => name);
  const told = Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name);
  assert.deepEqual(documented.sort(), told.sort());
});

const promtool = spawnSync("promtool", ["--version"]);
const without = promtool.error ? "promtool, of Debian's package prometheus, is not installed" : false;
if (without) console.error(`SKIPPED: ${without}`);

test("promtool finds nothing to say about them", { skip: without }, () => {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text });
  assert.deepEqual([status, String(stdout), String(stderr)], [0, "", ""]);
});

test("an agent that has nothing to keep tells of no repairs", () => {
  assert.doesNotMatch(encodeFigures({ ...SOME_FIGURES, healing: undefined }), /repair|differences/);
});
