import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeCommands } from "../../../../agent/loadbalancer/runtime/encode-commands.ts";
import { planCertificates } from "../../../../agent/loadbalancer/runtime/plan-certificates.ts";
import type { Files } from "../../../../agent/loadbalancer/runtime/types.ts";

const V26 = { major: 2, minor: 6 };
const LIST = "/certs/listener.pem";

/** @param certificates - of the list, each with its content; @param others - of servers */
function files(certificates: Record<string, string>, others: Record<string, string> = {}): Files {
  const entries = Object.keys(certificates);
  return {
    digests: { ...certificates, ...others, [LIST]: entries.join(" ") },
    lists: { [LIST]: entries },
    certificates: [...entries, ...Object.keys(others)],
  };
}

function outcome(before: Files, after: Files, version = V26): string[] | string {
  const paths = new Set([...Object.keys(before.digests), ...Object.keys(after.digests)]);
  const changed = [...paths].filter((path) => before.digests[path] !== after.digests[path]);
  const planned = planCertificates(before, after, changed, version);
  if (typeof planned === "string") return planned;
  return planned.flatMap((change) =>
    change.kind === "certificate.set"
      ? `${change.isNew ? "new" : "set"} ${change.path} ${change.digest}`
      : encodeCommands(change).map(({ text }) => text),
  );
}

const two = files({ "/a": "1", "/b": "1" });

test("nothing to do is nothing", () => assert.deepEqual(outcome(two, two), []));

test("a certificate of the same name with other content is set", () => {
  assert.deepEqual(outcome(two, files({ "/a": "2", "/b": "1" })), ["set /a 2"]);
  assert.deepEqual(outcome(files({}, { "/client": "1" }), files({}, { "/client": "2" })), ["set /client 2"]);
});

test("one more at the end of a list is loaded and added", () => {
  assert.deepEqual(outcome(two, files({ "/a": "1", "/b": "1", "/c": "1" })), [
    `add ssl crt-list ${LIST} /c`,
    "new /c 1",
  ]);
});

test("one that HAProxy has for a server is not loaded again", () => {
  const before = files({ "/a": "1" }, { "/c": "1" });
  const after = files({ "/a": "1", "/c": "1" });
  assert.deepEqual(outcome(before, after), [`add ssl crt-list ${LIST} /c`]);
});

test("one less in a list is deleted from it, and altogether unless it is used elsewhere", () => {
  assert.deepEqual(outcome(two, files({ "/a": "1" })), [`del ssl crt-list ${LIST} /b`, "del ssl cert /b"]);
  assert.deepEqual(outcome(two, files({ "/a": "1" }, { "/b": "1" })), [`del ssl crt-list ${LIST} /b`]);
});

const longer: Files = files({ "/a": "1", "/c": "1", "/b": "1" });
for (const [name, before, after, reason] of [
  ["another default certificate", two, files({ "/c": "1", "/b": "1" }), /default certificate/],
  ["one more in the middle", two, longer, /order/],
  ["another order", longer, files({ "/a": "1", "/b": "1", "/c": "1" }), /order/],
  [
    "a certificate that is gone",
    two,
    { ...two, digests: { ...two.digests, "/b": "" } },
    /\/b is another one/,
  ],
  ["a list with options", { ...two, lists: {} }, { ...longer, lists: {} }, /listener\.pem is another one/],
  ["a path with a space", two, files({ "/a": "1", "/b": "1", "/c c": "1" }), /needs quotes/],
  ["an authority", two, { ...two, digests: { ...two.digests, "/ca": "1" } }, /\/ca is another one/],
] as const) {
  test(`${name} is a reload`, () => assert.match(String(outcome(before, after)), reason));
}

test("HAProxy before 2.4 is reloaded", () => {
  assert.match(String(outcome(two, files({ "/a": "2", "/b": "1" }), { major: 2, minor: 2 })), /before 2\.4/);
});
