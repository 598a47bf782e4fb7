import assert from "node:assert/strict";
import { test } from "node:test";
import { isAsked, type LogRequest, planJournal, planTail } from "../../../agent/cli/plan-logs.ts";
import { parseLoadBalancerId } from "../../../agent/loadbalancer/ids.ts";
import type { Service } from "../../../agent/supervisor/types.ts";

const LOAD_BALANCER = "99999999-9999-4999-8999-999999999999";
const id = parseLoadBalancerId(LOAD_BALANCER);
assert.ok(id);
const SERVICES: Service[] = [{ kind: "haproxy", id }, { kind: "lvs", id }, { kind: "vrrp" }];

function aRequest(request: Partial<LogRequest> = {}): LogRequest {
  return { sources: [], follow: false, lines: 100, since: undefined, ...request };
}

const unitsOf = (request: LogRequest) =>
  planJournal(request, SERVICES).flatMap((word) => /^--unit=(.*)$/.exec(word)?.[1] ?? []);

test("without sources the units of everything are shown", () => {
  assert.deepEqual(unitsOf(aRequest()), [
    "amphora-agent.service",
    "amphora-netns.service",
    `haproxy-${LOAD_BALANCER}.service`,
    `octavia-keepalivedlvs-${LOAD_BALANCER}.service`,
    "octavia-keepalived.service",
  ]);
});

test("a source leaves the others out", () => {
  assert.deepEqual(unitsOf(aRequest({ sources: ["haproxy"] })), [`haproxy-${LOAD_BALANCER}.service`]);
  assert.deepEqual(unitsOf(aRequest({ sources: ["keepalived"] })), [
    `octavia-keepalivedlvs-${LOAD_BALANCER}.service`,
    "octavia-keepalived.service",
  ]);
  assert.ok(isAsked({ sources: ["agent"] }, "agent"));
  assert.ok(!isAsked({ sources: ["agent"] }, "haproxy"));
});

test("a time takes the place of a number of lines", () => {
  assert.ok(planJournal(aRequest({ lines: 7 }), SERVICES).includes("--lines=7"));
  const words = planJournal(aRequest({ since: "1 hour ago" }), SERVICES);
  assert.ok(words.includes("--since=1 hour ago"));
  assert.ok(!words.some((word) => word.startsWith("--lines")));
});

test("following asks both programs to go on", () => {
  assert.ok(planJournal(aRequest({ follow: true }), SERVICES).includes("--follow"));
  assert.deepEqual(planTail(aRequest({ follow: true, lines: 5 }), ["/a"]), [
    "--lines=5",
    "--follow=name",
    "--retry",
    "--",
    "/a",
  ]);
  assert.deepEqual(planTail(aRequest(), ["/a", "/b"]), ["--lines=100", "--", "/a", "/b"]);
});
