import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { planPartial } from "../../../agent/loadbalancer/plan-partial.ts";

const GLOBAL = "# Configuration for loadbalancer x\nglobal\n    daemon\n\ndefaults\n    mode http\n";
const frontend = (name: string, bind: string, ...backends: string[]) =>
  [`frontend ${name}`, `    bind ${bind}`, ...backends.map((one) => `    ${one}`), ""].join("\n");
const backend = (name: string, server = "server m 10.0.0.1:80") => `backend ${name}\n    ${server}\n`;
const plain = frontend("http", "10.0.0.5:80", "default_backend p:http");
const tls = frontend("tls", "10.0.0.5:443 ssl crt-list /certs/tls.pem", "default_backend p:tls");
const config = [GLOBAL, plain, tls, backend("p:http"), backend("p:tls")].join("\n");
const missing = (...paths: string[]) => new Set(paths);

suite("what HAProxy can run without some files", () => {
  test("a listener whose certificates are gone is left out with its backend, and nothing else changes", () => {
    assert.deepEqual(planPartial(config, missing("/certs/tls.pem")), {
      text: [GLOBAL, plain, backend("p:http")].join("\n"),
      withheld: ["tls"],
    });
  });

  test("nothing is left out when no file is missing that is named", () => {
    assert.deepEqual(planPartial(config, missing("/certs/other.pem")), { text: config, withheld: [] });
  });

  test("a listener whose pool needs a missing file is left out, also when only one of its rules uses that pool", () => {
    const tlsPool = backend(
      "p2:http",
      "server m 10.0.0.1:443 ssl crt /certs/client.pem ca-file /certs/ca.pem",
    );
    const routed = frontend("http", "10.0.0.5:80", "use_backend p2:http if r", "default_backend p:http");
    const other = frontend("other", "10.0.0.5:81", "default_backend p:other");
    const text = [GLOBAL, routed, other, backend("p:http"), tlsPool, backend("p:other")].join("\n");
    assert.deepEqual(planPartial(text, missing("/certs/ca.pem")), {
      text: [GLOBAL, other, backend("p:other")].join("\n"),
      withheld: ["http"],
    });
  });

  test("a backend that a listener which runs uses too stays", () => {
    const shared = [
      GLOBAL,
      frontend("http", "10.0.0.5:80", "default_backend p"),
      frontend("tls", "10.0.0.5:443 ssl crt /certs/tls.pem", "default_backend p"),
      backend("p"),
    ].join("\n");
    assert.deepEqual(planPartial(shared, missing("/certs/tls.pem"))?.withheld, ["tls"]);
    assert.match(planPartial(shared, missing("/certs/tls.pem"))?.text ?? "", /^backend p$/m);
  });

  test("a broken backend that nothing uses is left out alone", () => {
    const text = [GLOBAL, plain, backend("p:http"), backend("old", "server m 10.0.0.1:1 ssl crt /c")].join(
      "\n",
    );
    assert.deepEqual(planPartial(text, missing("/c")), {
      text: [GLOBAL, plain, backend("p:http")].join("\n"),
      withheld: [],
    });
  });

  test("there is no such part when no listener would be left, or a line cannot be read", () => {
    const alone = [GLOBAL, tls, backend("p:tls")].join("\n");
    assert.equal(planPartial(alone, missing("/certs/tls.pem")), undefined);
    assert.equal(planPartial(`${config}\n    description "unended`, missing("/certs/tls.pem")), undefined);
  });

  test("a path in quotes is the same path, and one in a comment is none", () => {
    const quoted = config.replace("/certs/tls.pem", '"/certs/tls.pem"');
    assert.deepEqual(planPartial(quoted, missing("/certs/tls.pem"))?.withheld, ["tls"]);
    const comment = config.replace("daemon", "daemon # /certs/gone.pem");
    assert.deepEqual(planPartial(comment, missing("/certs/gone.pem"))?.withheld, []);
  });
});
