import assert from "node:assert/strict";
import { test } from "node:test";
import { redact } from "../../../agent/doctor/redact.ts";

const SECRET = "s3cr3t-0f-th3-t3nant";

/** Each holds the secret somewhere a real text would. */
const TEXTS: Readonly<Record<string, string>> = {
  "a key in PEM": `a\n-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----\nb`,
  "an RSA key in JSON": `{"pem":"-----BEGIN RSA PRIVATE KEY-----\\n${SECRET}\\n-----END RSA PRIVATE KEY-----\\n"}`,
  "a key that is cut off": `-----BEGIN EC PRIVATE KEY-----\n${SECRET}`,
  "the heartbeat key": `[health_manager]\nheartbeat_key = ${SECRET}\nheartbeat_interval = 10`,
  "the heartbeat key without blanks": `heartbeat_key=${SECRET}`,
  "an unknown option": `some_password: ${SECRET}`,
  "keepalived's password": `    authentication {\n        auth_type PASS\n        auth_pass ${SECRET}\n    }`,
  "a user of HAProxy's statistics": `    stats auth admin:${SECRET}`,
  "a user list": `userlist u\n    user joe insecure-password ${SECRET}\n    user ann password ${SECRET}`,
  "a dynamic cookie's key": `    dynamic-cookie-key ${SECRET}`,
  "a rule that compares a cookie": `    acl c req.cook(sid) -i -m str ${SECRET}`,
  "a rule that compares a cookie by pattern": `    acl c req.cook(sid) -m reg ${SECRET}`,
  "a header that is set": `    http-request set-header Authorization "Basic ${SECRET}"`,
  "a header that is set with its name in quotes": `    http-request set-header "X-Auth-Token" ${SECRET}`,
  "a header that is compared": `    acl a req.hdr(X-Api-Key) -m str ${SECRET}`,
  "a health check with a header": `    http-check send hdr Authorization "Basic ${SECRET}"`,
  "a cookie in a log": `GET / HTTP/1.1 Cookie: sid=${SECRET}; other=1`,
  "a cookie that was set": `Set-Cookie: sid=${SECRET}`,
  "a header as JSON": `{"authorization":"Bearer ${SECRET}"}`,
  "a secret field as JSON": `{"heartbeatKey":"${SECRET}","heartbeat_key": "${SECRET}"}`,
  "a URL with a password": `http://joe:${SECRET}@example.org/`,
};

for (const [name, text] of Object.entries(TEXTS)) {
  test(`removes ${name}`, () => {
    const redacted = redact(text, []);
    assert.ok(!redacted.includes(SECRET), redacted);
    assert.ok(redacted.includes("(removed)"));
  });
}

test("removes what is known to be secret wherever it stands, but for what is part of too many words", () => {
  assert.equal(redact(`x${SECRET}y`, [SECRET]), "x(removed)y");
  assert.equal(redact("abc", ["b", ""]), "abc");
});

test("leaves alone what a bug report is for", () => {
  const texts = [
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    `frontend 1\n    bind 203.0.113.5:443 ssl crt-list /var/lib/octavia/certs/1/1.pem\n    mode http\n`,
    "backend p:l\n    cookie SRV insert indirect nocache\n    server m 10.0.0.1:80 weight 1 check cookie m\n",
    '{"key":"22222222-2222-4222-8222-222222222222:1","state":"UP"}',
    '{"level":30,"event":"haproxy.reload.done","msg":"haproxy reloaded"}\n',
    "    http-request set-header X-Forwarded-Proto https\n",
    "SslFrontendKeyRate: 17\nSslFrontendMaxKeyRate: 20\n",
  ];
  for (const text of texts) assert.equal(redact(text, [SECRET]), text);
});
