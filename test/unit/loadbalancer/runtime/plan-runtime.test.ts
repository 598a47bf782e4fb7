import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeCommands } from "../../../../agent/loadbalancer/runtime/encode-commands.ts";
import {
  planDifferences,
  planFileDifferences,
} from "../../../../agent/loadbalancer/runtime/plan-differences.ts";
import { planRuntime } from "../../../../agent/loadbalancer/runtime/plan-runtime.ts";
import type { ServerName } from "../../../../agent/loadbalancer/runtime/types.ts";
import { CONFIG, sectionsOf } from "./sections.ts";

const NO_FILES = { digests: {}, lists: {}, certificates: [] };
const V26 = { major: 2, minor: 6 };

function plan(from: string, to: string, version = V26, leaving: readonly ServerName[] = []) {
  const sections = sectionsOf(to);
  return planRuntime(sections, planDifferences(sectionsOf(from), sections), {
    version,
    leaving,
    files: { before: NO_FILES, after: NO_FILES },
  });
}

/** @returns commands, or why there has to be a reload */
function outcome(from: string, to: string, version = V26): string[] | string {
  const planned = plan(from, to, version);
  return "reason" in planned
    ? planned.reason
    : planned.changes.flatMap(encodeCommands).map(({ text }) => text);
}

const changed = (what: string | RegExp, by: string) => CONFIG.replace(what, by);

test("what differs only in white space, comments and quotes is the same", () => {
  const same = changed("    maxconn 1000", '\tmaxconn "1000" # as before').replaceAll(
    "    server",
    "\n  server",
  );
  assert.deepEqual(outcome(CONFIG, same), []);
});

for (const [name, to, commands] of [
  ["a weight", changed("80 weight 1", "80 weight 7"), ["set server pool:web/m1 weight 7"]],
  [
    "a disabled member",
    changed("80 weight 1", "80 weight 1 disabled"),
    ["set server pool:web/m1 state maint"],
  ],
  [
    "another address",
    changed("10.0.0.1:80", "10.0.0.7:81"),
    ["set server pool:web/m1 addr 10.0.0.7 port 81"],
  ],
  [
    "the limit of a listener",
    changed("    maxconn 100\n", "    maxconn 50\n"),
    ["set maxconn frontend web 50"],
  ],
  ["the order of members", changed(/( +server m1.*\n)( +server m2.*\n)/, "$2$1"), []],
  ["a member less", changed(/ +server m1.*\n/, ""), ["set server pool:web/m1 state maint"]],
  [
    "a member more",
    `${CONFIG}    server m3 2001:db8::3:80 weight 9 check inter 5s\n`,
    [
      "add server pool:web/m3 [2001:db8::3]:80 weight 9 check inter 5s",
      "enable health pool:web/m3",
      "enable server pool:web/m3",
    ],
  ],
  [
    "a disabled member more",
    `${CONFIG}    server m3 10.0.0.3:80 weight 1 disabled\n`,
    ["add server pool:web/m3 10.0.0.3:80 weight 1"],
  ],
  [
    "several at once: what is new comes first, what goes last",
    `${changed(/ +server m1.*\n/, "").replace("m2 10.0.0.2:80 weight 1", "m2 10.0.0.2:80 weight 2")}    server m3 10.0.0.3:80 weight 1\n`,
    [
      "add server pool:web/m3 10.0.0.3:80 weight 1",
      "enable server pool:web/m3",
      "set server pool:web/m2 weight 2",
      "set server pool:web/m1 state maint",
    ],
  ],
] as const) {
  test(`${name}: HAProxy is told`, () => assert.deepEqual(outcome(CONFIG, to), commands));
}

test("a member that is enabled again is told so", () => {
  const from = changed("80 weight 1", "80 weight 1 disabled");
  assert.deepEqual(outcome(from, CONFIG), ["set server pool:web/m1 state ready"]);
});

const source = (text: string) => text.replace("roundrobin", "source");
const withLine = (line: string) => (text: string) => text.replace("    balance", `    ${line}\n    balance`);
const weightier = (text: string) => text.replace("80 weight 1", "80 weight 7");
const larger = (text: string) => `${text}    server m3 10.0.0.3:80 weight 1\n`;
const same = (text: string) => text;

for (const [name, change, context] of [
  ["a new listener", (text: string) => `${text}frontend other\n    bind 10.0.0.5:81\n`, same],
  ["a listener that goes", (text: string) => text.replace(/frontend web\n( .*\n)+/, ""), same],
  [
    "sections in another order",
    (text: string) => text.replace(/(frontend[\s\S]*?)(backend[\s\S]*)/, "$2$1"),
    same,
  ],
  ["lines in another order", (text: string) => text.replace(/( +balance.*\n)( +timeout.*\n)/, "$2$1"), same],
  ["another timeout", (text: string) => text.replace("5000", "6000"), same],
  ["another limit of the whole", (text: string) => text.replace("1000", "2000"), same],
  [
    "a first limit of a listener",
    (text: string) => text,
    (text: string) => text.replace("    maxconn 100\n", ""),
  ],
  ["other options of a member", (text: string) => text.replace("inter 5s", "inter 6s"), same],
  ["a weight where the algorithm fixes it", weightier, source],
  ["a member more where the algorithm fixes them", larger, source],
  ["a member more beside stored cookies", larger, withLine("cookie SRV insert")],
  ["a member more beside external checks", larger, withLine("option external-check")],
  ["a member more beside defaults of servers", larger, withLine("default-server inter 5s")],
  [
    "a member less that a rule may name",
    (text: string) => text.replace(/ +server m1.*\n/, ""),
    withLine("use-server m1 if TRUE"),
  ],
  [
    "a member more with a certificate",
    (text: string) => `${text}    server m3 10.0.0.3:80 ssl crt /x.pem\n`,
    same,
  ],
  ["a member more whose name needs quotes", (text: string) => `${text}    server m;3 10.0.0.3:80\n`, same],
  [
    "a member more whose option needs quotes",
    (text: string) => `${text}    server m3 10.0.0.3:80 ssl ciphers a\\;b\n`,
    same,
  ],
  ["a member that is looked up", (text: string) => `${text}    server m3 www.example.org:80\n`, same],
] as const) {
  test(`${name}: a reload`, () => {
    const from = context(CONFIG);
    const to = name === "a first limit of a listener" ? CONFIG : change(from);
    assert.equal(typeof outcome(from, to), "string");
  });
}

test("HAProxy before 2.6 adds no members, but takes weights", () => {
  const old = { major: 2, minor: 5 };
  assert.equal(typeof outcome(CONFIG, larger(CONFIG), old), "string");
  assert.deepEqual(outcome(CONFIG, weightier(CONFIG), old), ["set server pool:web/m1 weight 7"]);
});

test("more changes than a reload is worth are a reload", () => {
  const members = Array.from(
    { length: 501 },
    (_, index) => `    server n${index} 10.0.0.3:80 weight 1\n`,
  ).join("");
  assert.match(String(outcome(CONFIG, CONFIG + members)), /501 changes/);
});

test("a file that HAProxy has read and that is another one now is a reload", () => {
  const differences = planFileDifferences(
    { "/a": "1", "/b": "1", "/c": "1" },
    { "/a": "1", "/b": "2", "/d": "1" },
  );
  assert.deepEqual(differences, [
    { kind: "fileChanged", file: "/b" },
    { kind: "fileRemoved", file: "/c" },
    { kind: "fileAdded", file: "/d" },
  ]);
  const files = { before: NO_FILES, after: NO_FILES };
  assert.deepEqual(planRuntime([], differences, { version: V26, leaving: [], files }), {
    reason: "/b is another one",
  });
});

test("a second section of one name is compared with the other's second", () => {
  const twice = "global\n maxconn 5\nglobal\n nbthread 1\n";
  assert.deepEqual(outcome(twice, twice), []);
  assert.equal(outcome(twice, twice.replace("nbthread 1", "nbthread 2")), "global (2): nbthread");
});

test("a member that is added again while clients still use the one before is a reload", () => {
  const without = changed(/^ {4}server m1.*\n/m, "");
  assert.deepEqual(plan(without, CONFIG, V26, [{ backend: "pool:web", name: "m2" }]), plan(without, CONFIG));
  assert.deepEqual(plan(without, CONFIG, V26, [{ backend: "pool:web", name: "m1" }]), {
    reason: "m1 is added again, and clients still use the one before",
  });
});
