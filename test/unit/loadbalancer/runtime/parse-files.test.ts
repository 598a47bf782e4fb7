import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseCertificateList,
  parseFileReferences,
} from "../../../../agent/loadbalancer/runtime/parse-files.ts";
import { CONFIG, sectionsOf } from "./sections.ts";

const filesOf = (text: string) => parseFileReferences(sectionsOf(text));

test("certificates, lists of them, authorities and revocations are found", () => {
  const text = `frontend f
  bind :443 ssl crt-list /certs/f.pem ca-file /certs/ca.pem
  acl a path -m beg /etc/passwd
backend b
  option httpchk GET /health
  server m 10.0.0.1:80 ssl crt /certs/m.pem crl-file /certs/crl.pem`;
  assert.deepEqual(filesOf(text), {
    certificates: ["/certs/m.pem"],
    lists: ["/certs/f.pem"],
    others: ["/certs/ca.pem", "/certs/crl.pem"],
  });
});

test("a configuration without files has none, its sockets aside", () => {
  assert.deepEqual(filesOf(CONFIG), { certificates: [], lists: [], others: [] });
});

for (const [name, line] of [
  ["a relative path", "bind :443 ssl crt a.pem"],
  ["HAProxy's own authorities", "server m 10.0.0.1:443 ssl ca-file @system-ca verify required"],
  ["patterns from a file", "acl a path -f /patterns"],
  ["a map", "http-request set-header X %[path,map(/map)]"],
  ["an answer from a file", "http-request return status 200 file /page"],
  ["a page for errors", "errorfile 503 /page"],
  ["a directive that is not known and has a path", "lua-prepend-path /lua"],
] as const) {
  test(`${name}: there may be more files than the agent knows`, () => {
    assert.equal(filesOf(`frontend f\n ${line}`), undefined);
  });
}

test("a list names certificates, with options and comments beside them", () => {
  const paths = ["/a.pem", "/b.pem"];
  const withOptions = "# of f\n/a.pem [alpn h2] a.example\n\n/b.pem\n";
  assert.deepEqual(parseCertificateList(withOptions), { paths, isPlain: false });
  assert.deepEqual(parseCertificateList("# of f\n/a.pem\n\n/b.pem\n"), { paths, isPlain: true });
  assert.equal(parseCertificateList("a.pem\n"), undefined);
});
