import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { parseUserData } from "../../../agent/first-boot/parse-user-data.ts";

/** As Octavia's controllers print it: each file indented by eight, empty lines not. */
const CONTROLLERS = `#cloud-config
# vim: syntax=yaml
write_files:
-   path: /etc/octavia/amphora-agent.conf
    content: |
        [DEFAULT]
        debug = False

        [haproxy_amphora]
          odd = indentation
-   path: /etc/octavia/certs/server.pem
    content: |
        -----BEGIN CERTIFICATE-----
        # not a comment: a line
        - not an item

runcmd:
-   systemctl restart rsyslog
-   service amphora-agent restart

timezone: Europe/Berlin
`;

test("reads what controllers write", () => {
  const { files, timezone, ignored } = parseUserData(CONTROLLERS);
  assert.deepEqual(
    files.map(({ path, content }) => [path, content.toString()]),
    [
      [
        "/etc/octavia/amphora-agent.conf",
        "[DEFAULT]\ndebug = False\n\n[haproxy_amphora]\n  odd = indentation\n",
      ],
      [
        "/etc/octavia/certs/server.pem",
        "-----BEGIN CERTIFICATE-----\n# not a comment: a line\n- not an item\n",
      ],
    ],
  );
  assert.equal(timezone, "Europe/Berlin");
  assert.deepEqual(ignored, []);
});

test("reads a document of personality files: nothing but commands and a time zone", () => {
  const text = "#cloud-config\n# vim: syntax=yaml\n\nruncmd:\n-   systemctl restart rsyslog\n\ntimezone: UTC";
  assert.deepEqual(parseUserData(text), { files: [], timezone: "UTC", ignored: [] });
  assert.deepEqual(parseUserData("").files, []);
});

test("knows permissions, owner, encoding and append", () => {
  const packed = gzipSync("hello\n").toString("base64");
  const { files } = parseUserData(`#cloud-config
write_files:
  - path: "/a b"
    permissions: '0640'
    owner: root:adm
    encoding: gz+b64
    append: true
    content: ${packed}
  - content: |-
      no newline
    path: /b
`);
  assert.deepEqual(files[0], {
    path: "/a b",
    mode: 0o640,
    owner: "root:adm",
    append: true,
    content: Buffer.from("hello\n"),
  });
  assert.equal(files[1]?.content.toString(), "no newline");
  assert.equal(files[1]?.mode, undefined);
});

test("runs nothing, and says what it was asked for", () => {
  const { ignored } = parseUserData(`#cloud-config
runcmd:
- rm -rf /
- [ sh, -c, "date" ]
packages:
- vim
`);
  assert.deepEqual(ignored, ["rm -rf /", "sh -c date", "packages"]);
  assert.deepEqual(parseUserData("#!/bin/sh\n").ignored, ["user_data that is no #cloud-config"]);
});

test("refuses what it does not understand, by line", () => {
  for (const [text, message] of [
    ["#cloud-config\nwrite_files:\n- path: /a\n   mode: 3\n", /line 4/],
    ["#cloud-config\nwrite_files:\n- path: relative\n", /not an absolute path/],
    ["#cloud-config\nwrite_files:\n- path: /a\n  encoding: rot13\n", /encoding rot13/],
    ["#cloud-config\nwrite_files:\n- path: /a\n  permissions: rw\n", /permissions rw/],
    ["#cloud-config\nwrite_files:\n- {path: /a}\n", /line 3/],
  ] as const) {
    assert.throws(() => parseUserData(text), { code: "invalidInput", message });
  }
});
