import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMetaData } from "../../../agent/first-boot/parse-meta-data.ts";

test("reads instance, host name, keys and personality files", () => {
  const text = JSON.stringify({
    uuid: "u1",
    hostname: "amphora-1.novalocal",
    public_keys: { mine: "ssh-ed25519 AAAA me\n" },
    files: [{ path: "/etc/octavia/amphora-agent.conf", content_path: "/content/0000" }],
    random_seed: "x",
  });
  assert.deepEqual(parseMetaData(text), {
    instanceId: "u1",
    hostname: "amphora-1",
    publicKeys: ["ssh-ed25519 AAAA me\n"],
    files: [{ path: "/etc/octavia/amphora-agent.conf", contentPath: "/content/0000" }],
  });
});

test("needs nothing but the instance's id", () => {
  assert.deepEqual(parseMetaData('{"uuid":"u"}'), {
    instanceId: "u",
    hostname: undefined,
    publicKeys: [],
    files: [],
  });
});

test("refuses what is no such document, and files from elsewhere", () => {
  const outside = { uuid: "u", files: [{ path: "/a", content_path: "/content/../../x" }] };
  for (const text of ["", "[]", "{}", JSON.stringify(outside), '{"uuid":"u","files":[{"path":"a"}]}']) {
    assert.throws(() => parseMetaData(text), { code: "invalidInput" });
  }
});
