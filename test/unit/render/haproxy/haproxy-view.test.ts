import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { FeatureName } from "../../../../agent/render/document/types.ts";
import { explainDocument, renderDocument } from "../../../../agent/render/documents.ts";
import { featuresOf } from "../../../../agent/render/haproxy/features.ts";
import { encodeLogFormat } from "../../../../agent/render/haproxy/log-format.ts";
import { aDocument, type Changes, linesLike } from "./a-document.ts";

const is = async (pattern: RegExp, changes: Changes, ...lines: readonly string[]) =>
  assert.deepEqual(await linesLike(pattern, changes), lines);

suite("the version of HAProxy", () => {
  const can = (feature: FeatureName, version: string) => featuresOf({ version })[feature];

  test("is compared number by number, not as text", () => {
    assert.deepEqual([can("pool_alpn", "1.10"), can("insecure_fork", "2.10")], [true, true]);
  });
  test("has a feature from the very version on, whatever follows", () => {
    assert.deepEqual(
      ["2.1.9", "2.2", "2.2.0", "3"].map((version) => can("insecure_fork", version)),
      [false, true, true, true],
    );
  });
  test("yields to what the document says of a feature", () => {
    assert.equal(featuresOf({ version: "2.6", features: { prometheus: false } }).prometheus, false);
    assert.equal(featuresOf({ version: "1.5", features: { http_reuse: true } }).http_reuse, true);
  });
  test("that is absent allows nothing but what the document names", () => {
    assert.deepEqual(Object.values(featuresOf({ features: {} })), [false, false, false, false, false]);
  });
});

suite("the global part", () => {
  const global = /^(maxconn|tune|nbthread|cpu-map|external|insecure)/;

  test("allows as many connections as the enabled listeners together, then what each does", () =>
    is(/^maxconn/, { listener: { connection_limit: 7 } }, "maxconn 7", "maxconn 7"));
  test("allows a million when no listener is enabled", () =>
    is(/^maxconn/, { listener: { admin_state_up: false } }, "maxconn 1000000"));
  test("sizes the session cache by the memory that connections leave", () => {
    const memory = { free: 1_000_000, buffers: 0, cached: 50_001 };
    const listener = { protocol: "TERMINATED_HTTPS", connection_limit: 100 } as const;
    return is(/^tune/, { document: { host: { memory } }, listener }, "tune.ssl.cachesize 1674880");
  });
  test("has no session cache when a figure is missing", () => {
    const memory = { free: 1_000_000, buffers: 0 };
    return is(/^tune/, { document: { host: { memory } }, listener: { protocol: "TERMINATED_HTTPS" } });
  });
  test("leaves the first processor to others with the profile amphora", () => {
    const host = { cpu_count: 4, active_tuned_profiles: "virtual-guest\tamphora" };
    return is(/^(nbthread|cpu-map)/, { document: { host } }, "nbthread 3", "cpu-map auto:1/1-3 1-3");
  });
  test("takes a profile by its whole name", () =>
    is(/^nbthread/, { document: { host: { cpu_count: 4, active_tuned_profiles: "amphora-x" } } }));
  test("allows external checks for PING, even when the load balancer is disabled", () =>
    is(
      global,
      { monitor: { type: "PING" }, loadBalancer: { admin_state_up: false } },
      "maxconn 50000",
      "external-check",
      "insecure-fork-wanted",
    ));
  test("needs no external checks for a monitor that is about to be deleted", () =>
    is(/^external-check$/, { monitor: { type: "PING", provisioning_status: "PENDING_DELETE" } }));
});

suite("a frontend", () => {
  test("binds every VIP, IPv6 without brackets", () => {
    const loadBalancer = { additional_vips: [{ ip_address: "2001:db8::5" }] };
    return is(/^bind/, { loadBalancer }, "bind 203.0.113.5:80", "bind 2001:db8::5:80");
  });
  test("keeps one blank per empty field between the options of a bind", () =>
    is(
      /^bind/,
      {
        listener: {
          protocol: "TERMINATED_HTTPS",
          tls_versions: ["TLSv1.3"],
          alpn_protocols: ["h2", "http/1.1"],
        },
        listenerFiles: { crt_list: "/c" },
      },
      "bind 203.0.113.5:80 ssl crt-list /c    no-sslv3 no-tlsv10 no-tlsv11 no-tlsv12 alpn h2,http/1.1",
    ));
  test("has no blanks before its first option", () =>
    is(
      /^bind/,
      { listenerFiles: { client_ca: "/ca" }, listener: { client_authentication: "OPTIONAL" } },
      "bind 203.0.113.5:80 ca-file /ca verify optional",
    ));
  test("takes a revocation list only together with a CA", () =>
    is(/^bind/, { listenerFiles: { client_crl: "/crl" } }, "bind 203.0.113.5:80"));
  test("replaces a cipher string that could be more than one", () =>
    is(
      /^bind/,
      {
        document: { settings: { default_listener_ciphers: "SAFE" }, haproxy: { version: "1.9" } },
        listener: { protocol: "PROMETHEUS", tls_ciphers: "A\n" },
      },
      "bind 203.0.113.5:80 ciphers SAFE",
    ));
  test("takes no TLS options from a listener without TLS", () =>
    is(/^bind/, { listener: { tls_ciphers: "A", alpn_protocols: ["h2"] } }, "bind 203.0.113.5:80"));
  test("counts an HSTS age of zero", () =>
    is(
      /Strict/,
      { listener: { protocol: "TERMINATED_HTTPS", hsts_max_age: 0, hsts_preload: true } },
      'http-response set-header Strict-Transport-Security "max-age=0; preload;"',
    ));
  test("takes a timeout of zero for none", () =>
    is(/^timeout client/, { listener: { timeout_client_data: 0 } }, "timeout client 50000"));
  test("leads nowhere when its default pool is disabled", () =>
    is(/^default_backend/, { pool: { admin_state_up: false } }));
});

suite("a log format", () => {
  const ids = { project_id: "$&", loadbalancer_id: "lb", vip_address: "::" };

  test("has ids in it, whatever characters they have", () => {
    assert.equal(encodeLogFormat("{{ project_id }}-{{ lb_id }}", ids, "HTTP"), "$&-lb");
  });
  test("has dashes for what only HTTP requests have", () => {
    assert.equal(encodeLogFormat("%{+Q}r %r %ST %f", ids, "TCP"), "-\\ -\\ -\\ %f");
    assert.equal(encodeLogFormat("%r", ids, "TERMINATED_HTTPS"), "%r");
  });
});

suite("an L7 policy", () => {
  const l7 = /^(acl|http-request deny|redirect|use_backend)/;

  test("has a condition per rule that is enabled, and their names in its action", () =>
    is(l7, { rule: { invert: true } }, "acl rule path -m str /", "http-request deny if !rule"));
  test("is left out without such a rule", () => is(l7, { rule: { admin_state_up: false } }));
  test("escapes backslashes and blanks of a value for HAProxy, and markup as upstream does", () =>
    is(/^acl/, { rule: { value: "a\\ <\t'\"&`" } }, "acl rule path -m str a\\\\\\ &lt;\t&#39;&#34;&amp;`"));
  test("escapes a key as markup alone", () =>
    is(/^acl/, { rule: { type: "HEADER", key: "a b>" } }, "acl rule req.hdr(a b&gt;) -m str /"));
  test("compares a file type without a method, which leaves two blanks", () =>
    is(/^acl/, { rule: { type: "FILE_TYPE", value: "png" } }, "acl rule path_end  png"));
  test("prints None for a URL that could be more than one word, and keeps the code", () =>
    is(
      /^redirect/,
      { policy: { action: "REDIRECT_TO_URL", redirect_url: "/a\nb", redirect_http_code: 307 } },
      "redirect code 307 location None if rule",
    ));
  test("to a disabled pool has its conditions, but no action", () =>
    is(
      l7,
      { policy: { action: "REDIRECT_TO_POOL", redirect_pool_id: "p" }, pool: { admin_state_up: false } },
      "acl rule path -m str /",
    ));
});

suite("the pools of a listener", () => {
  const redirect = { action: "REDIRECT_TO_POOL", redirect_pool_id: "p" } as const;

  test("are the default pool and those of policies, each once", () =>
    is(/^backend/, { policy: redirect }, "backend p:l"));
  test("include that of a policy that is about to be deleted", () =>
    is(
      /^backend/,
      {
        listener: { default_pool_id: null },
        policy: { ...redirect, provisioning_status: "PENDING_DELETE" },
        rule: {},
      },
      "backend p:l",
    ));
  test("do not include that of a policy without rules", () =>
    is(/^backend/, { listener: { default_pool_id: null }, policy: { ...redirect, rules: [] } }));
  test("do not include one that is about to be deleted", () =>
    is(/^backend/, { policy: redirect, pool: { provisioning_status: "PENDING_DELETE" } }));
  test("are found by ids that every object has as properties", () =>
    is(
      /^backend/,
      { listener: { default_pool_id: "constructor" }, pool: { pool_id: "constructor" } },
      "backend constructor:l",
    ));
  for (const protocol of ["UDP", "SCTP"] as const) {
    test(`cannot be of protocol ${protocol}`, () =>
      assert.rejects(renderDocument(aDocument({ pool: { protocol } })), {
        details: `$.loadbalancer.pools[0].protocol: expected a protocol that HAProxy serves, as its listener has; found "${protocol}"`,
      }));
  }
});

suite("a backend", () => {
  test("of a PROXY pool has the mode of its listener, and reuses connections in HTTP alone", async () => {
    const mode = /^(mode|http-reuse)/;
    await is(mode, { pool: { protocol: "PROXY" } }, "mode http", "mode http", "http-reuse safe");
    await is(mode, { pool: { protocol: "PROXY" }, listener: { protocol: "TCP" } }, "mode tcp", "mode tcp");
  });
  test("shares its stick table with the peers of an active standby pair", () =>
    is(
      /^stick/,
      {
        document: { topology: "ACTIVE_STANDBY" },
        pool: { session_persistence: { type: "APP_COOKIE", cookie_name: "<c>" } },
      },
      "stick-table type string len 64 size 10k peers lb1_peers",
      "stick store-response res.cook(&lt;c&gt;)",
      "stick match req.cook(&lt;c&gt;)",
    ));
  test("adds headers in a fixed order, those of TLS behind a TLS listener alone", () => {
    const insert_headers = {
      "X-SSL-Issuer": "True",
      "X-Forwarded-Proto": "TRUE",
      "X-Forwarded-For": "true",
      "X-Forwarded-Port": "false",
    };
    return is(
      /(forwardfor|set-header)/,
      { listener: { insert_headers } },
      "option forwardfor",
      "http-request set-header X-Forwarded-Proto http",
    );
  });
});

suite("a health monitor", () => {
  test("asks by HTTP with one decimal of its version, and with a host in 1.1 alone", async () => {
    const http = /^(option httpchk|http-check send)/;
    await is(http, { monitor: { http_version: 1, domain_name: "a" } }, "option httpchk GET / HTTP/1.0");
    await is(
      http,
      { monitor: { http_version: 1.1, domain_name: "a" } },
      "option httpchk GET / HTTP/1.1",
      "http-check send hdr Host a",
    );
  });
  test("without codes expects None, and with codes that expand to nothing an empty pattern", async () => {
    await is(/rstatus/, { monitor: { expected_codes: "" } }, "http-check expect rstatus None");
    await is(/rstatus/, { monitor: { expected_codes: "204-200" } }, "http-check expect rstatus ");
  });
  test("that is disabled checks nothing, but its codes must be codes", async () => {
    await is(/(timeout check|weight 1 check)/, { monitor: { admin_state_up: false } });
    await assert.rejects(
      renderDocument(aDocument({ monitor: { admin_state_up: false, expected_codes: "a-b" } })),
      { details: /^\$\.loadbalancer\.pools\[0\]\.healthmonitor\.expected_codes: / },
    );
  });
});

suite("a server", () => {
  const server = (changes: Changes, options: string) =>
    is(/^server m/, changes, `server m 10.0.0.1:8080 weight ${options}`);
  const tls = { protocol: "HTTP", tls_enabled: true } as const;

  test("is drained with weight 0", () => server({ member: { weight: 0 } }, "0"));
  test("of a disabled member is disabled, not left out", () =>
    server({ member: { admin_state_up: false, backup: true } }, "1 backup disabled"));
  test("is checked where its monitor address and port say", () =>
    server(
      { monitor: { type: "HTTPS" }, member: { monitor_address: "10.0.0.9", monitor_port: 81 } },
      "1 check check-ssl verify none inter 5s fall 2 rise 1 addr 10.0.0.9 port 81",
    ));
  test("has no monitor address without a monitor", () =>
    server({ member: { monitor_address: "10.0.0.9" } }, "1"));
  test("has two blanks where an empty list of protocols is checked, and none at its end", () =>
    server(
      { pool: { ...tls, alpn_protocols: [] }, monitor: {} },
      "1 check check-alpn  inter 5s fall 2 rise 1 ssl verify none sni ssl_fc_sni alpn",
    ));
  test("verifies nothing by its own account with a CA alone", () =>
    server({ pool: tls, poolFiles: { ca_cert: "/ca" } }, "1 ssl ca-file /ca sni ssl_fc_sni"));
  test("requires verification with a CA and a revocation list", () =>
    server(
      { pool: tls, poolFiles: { ca_cert: "/ca", crl: "/crl", client_cert: "/c" } },
      "1 ssl crt /c ca-file /ca crl-file /crl verify required sni ssl_fc_sni",
    ));
  test("has no TLS options when TLS is off", () =>
    server({ pool: { tls_ciphers: "A", alpn_protocols: ["h2"] }, poolFiles: { ca_cert: "/ca" } }, "1"));
  test("tells a TLS listener's client to a PROXYV2 member", () =>
    server(
      { pool: { protocol: "PROXYV2" }, listener: { protocol: "TERMINATED_HTTPS" } },
      "1 send-proxy-v2-ssl-cn",
    ));
  test("loses the blanks at its end", () =>
    server(
      { monitor: { type: "TCP" }, member: { monitor_address: "x \u00a0\u0085" } },
      "1 check inter 5s fall 2 rise 1 addr x",
    ));
});

suite("an explanation", () => {
  const changes: Changes = {
    document: { topology: "ACTIVE_STANDBY", amphorae: [{ id: "a", status: "ALLOCATED" }] },
    rule: {},
    monitor: { type: "HTTPS" },
    pool: { protocol: "HTTP", tls_enabled: true, alpn_protocols: [] },
    listenerFiles: { client_ca: "/ca" },
  };

  test("has the same text", async () => {
    const document = aDocument(changes);
    const lines = await explainDocument(document);
    assert.equal(`${lines.map(({ text }) => text).join("\n")}\n`, await renderDocument(document));
  });
  test("names the part of the document behind every line", async () => {
    const lines = await explainDocument(aDocument(changes));
    const pathOf = (start: string) => lines.find(({ text }) => text.trimStart().startsWith(start))?.path;
    assert.deepEqual(
      lines.filter(({ text, path }) => text !== "" && path === ""),
      [],
    );
    assert.equal(pathOf("server m"), "$.loadbalancer.pools[0].members[0]");
    assert.equal(pathOf("acl rule"), "$.loadbalancer.listeners[0].l7policies[0].rules[0]");
    assert.equal(pathOf("http-request deny"), "$.loadbalancer.listeners[0].l7policies[0]");
    assert.equal(pathOf("bind"), "$.loadbalancer.vip_address");
    assert.equal(pathOf("timeout connect"), "$.settings.timeout_member_connect");
    assert.equal(pathOf("option httpchk"), "$.loadbalancer.pools[0].healthmonitor");
  });
});
