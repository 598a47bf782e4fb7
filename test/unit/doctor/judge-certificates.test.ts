import assert from "node:assert/strict";
import { test } from "node:test";
import { type CertificateFile, judgeCertificates } from "../../../agent/doctor/judge-certificates.ts";

const NOW = new Date("2026-11-21T12:00:00Z");

function aFile(file: Partial<CertificateFile> = {}): CertificateFile {
  return {
    file: "/server.pem",
    usedBy: "agent",
    notBefore: new Date("2026-01-01T00:00:00Z"),
    keyMatches: true,
    ...file,
  };
}

const textsOf = (file: Partial<CertificateFile>) =>
  judgeCertificates([aFile(file)], NOW).map(({ text }) => text);

test("a certificate with its own key, valid by now, is as it should be", () => {
  assert.deepEqual(textsOf({}), []);
});

test("a key of another certificate, and none at all, are failures", () => {
  assert.deepEqual(textsOf({ keyMatches: false }), ["the key in /server.pem is not its certificate's"]);
  assert.deepEqual(textsOf({ keyMatches: undefined }), ["there is no key in /server.pem"]);
});

test("authorities have no key", () => {
  assert.deepEqual(textsOf({ keyMatches: undefined, usedBy: "controllers" }), []);
});

test("a certificate that is not valid yet means that a clock is wrong", () => {
  const [finding] = judgeCertificates([aFile({ notBefore: new Date("2026-11-21T12:00:01Z") })], NOW);
  assert.match(
    finding?.text ?? "",
    /valid from 2026-11-21T12:00:01.000Z, and the clock says 2026-11-21T12:00:00/,
  );
  assert.match(finding?.remedy ?? "", /date -u/);
});
