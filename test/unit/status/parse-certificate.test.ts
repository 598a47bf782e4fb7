import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { parseCertificate } from "../../../agent/status/parse-certificate.ts";
import { TlsIdentities } from "../../integration/tls-identities.ts";

let identities: TlsIdentities;
before(async () => {
  identities = await TlsIdentities.create();
});
after(() => identities[Symbol.asyncDispose]());

test("a file with a key and a certificate tells whose it is and until when", async () => {
  const authority = await identities.authority("ca");
  const { pem } = await authority.issue("amphora", "ec");
  const found = parseCertificate(pem.toString());
  assert.equal(found?.subject, "CN=amphora");
  assert.ok(found.notAfter.getTime() > Date.now() && found.notBefore.getTime() <= Date.now());
});

test("of several certificates the one that ends first counts", async () => {
  const authority = await identities.authority("ca2");
  const { pem } = await authority.issue("amphora", "ec");
  const both = `${authority.ca.toString()}${pem.toString()}`;
  const ends = [authority.ca.toString(), pem.toString()].map(
    (text) => parseCertificate(text)?.notAfter.getTime() ?? 0,
  );
  assert.equal(parseCertificate(both)?.notAfter.getTime(), Math.min(...ends));
});

test("other files have none, and what only looks like one is an error", () => {
  assert.equal(parseCertificate("/var/lib/octavia/certs/a.pem\n"), undefined);
  assert.equal(parseCertificate(""), undefined);
  assert.throws(() => parseCertificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
});
