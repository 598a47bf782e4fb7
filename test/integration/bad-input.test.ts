/** Whatever comes in, the daemon answers with a status that the controller understands, and changes nothing. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type Answer, type Ask, parseAnswer, readToEnd } from "./api-client.ts";
import { type Daemon, startDaemon } from "./daemon.ts";

const LB = "7573b9ba-4f2f-4a9d-8b2c-0a4d7f3c2f10";
const AMPHORA = "1f7e8c4d-94ad-4ac2-a4d7-cd4ce7f95c61";
const JSON_TYPE = { "Content-Type": "application/json" };
const PLACES = ["/etc/octavia", "/var/lib/octavia", "/usr/lib/systemd/system", "/etc/systemd/system"];
/** HAProxy's verdict is about this file; it is kept for the operator (docs/contract/rest-api.md, 2.3). */
const REJECTED = [`/var/lib/octavia/${LB}`, `/var/lib/octavia/${LB}/haproxy.cfg.new-failed`];
const GIGABYTE = 1_000_000_000;
const MEMORY_SLACK_BYTES = 64 * 1024 * 1024;

let daemon: Daemon;
let state: string[];
before(async () => {
  daemon = await startDaemon();
  state = await snapshot();
});
after(() => daemon[Symbol.asyncDispose]());

/** Path, mode and content of every file that an answer might have changed. */
async function snapshot(): Promise<string[]> {
  const entries = await Promise.all(PLACES.map(listTree));
  return entries.flat();
}

async function listTree(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }));
  return Promise.all(
    paths
      .filter(({ path }) => !REJECTED.includes(path))
      .map(async ({ entry, path }) => {
        const { mode } = await lstat(path);
        return `${path} ${mode} ${entry.isFile() ? hash("md5", await readFile(path)) : ""}`;
      }),
  );
}

async function refused(answer: Answer, status: number, body?: RegExp): Promise<void> {
  assert.deepEqual(
    [answer.status, answer.headers["content-type"]],
    [status, "application/json"],
    answer.body,
  );
  if (body !== undefined) assert.match(answer.body, body);
  await nothingChanged();
}

async function nothingChanged(): Promise<void> {
  const now = await snapshot();
  const [gone, come] = [
    state.filter((line) => !now.includes(line)),
    now.filter((line) => !state.includes(line)),
  ];
  assert.deepEqual({ gone, come }, { gone: [], come: [] });
}

const ask = (method: string, path: string, options?: Ask) => daemon.client.ask(method, path, options);

/** Ids as they stand in the URL; the long one exceeds the request line. */
const IDS: Record<string, string> = {
  "..": "..",
  ".": ".",
  "%2e%2e": "%2e%2e",
  "a blank": "a%20b",
  "a command": "a%3Bid%3B",
  "a NUL byte": "a%00b",
  "a newline": "a%0Ab",
  "an option": "-rf",
  "a percent sign": "%25h",
  "another script": "%C3%A4",
  "1,000 letters": "a".repeat(1_000),
};

suite("ids that are none", () => {
  for (const [name, id] of Object.entries(IDS)) {
    test(`${name}: writes are 400, reads are "not found" like actions, deletes are done`, async () => {
      const body = "global\n";
      await refused(await ask("PUT", `/1.0/loadbalancer/${AMPHORA}/${id}/haproxy`, { body }), 400);
      await refused(
        await ask("GET", `/1.0/loadbalancer/${id}/haproxy`),
        404,
        /^\{"message":"Loadbalancer Not Found"/,
      );
      for (const action of ["start", "stop", "reload"]) {
        await refused(await ask("PUT", `/1.0/loadbalancer/${id}/${action}`), 404, /"Loadbalancer Not Found"/);
      }
      assert.equal((await ask("DELETE", `/1.0/listeners/${id}`)).status, 200);
      const certificate = `/1.0/loadbalancer/${id}/certificates/a.pem`;
      await refused(await ask("PUT", certificate, { body }), 400);
      await refused(await ask("GET", certificate), 404, /^\{"message":"Certificate Not Found"/);
      assert.equal((await ask("DELETE", certificate)).status, 200);
      await nothingChanged();
    });
  }

  const paths = (id: string) => [
    ["PUT", `/1.0/loadbalancer/${AMPHORA}/${id}/haproxy`],
    ["GET", `/1.0/loadbalancer/${id}/haproxy`],
    ["PUT", `/1.0/loadbalancer/${id}/reload`],
    ["DELETE", `/1.0/listeners/${id}`],
    ["PUT", `/1.0/loadbalancer/${id}/certificates/a.pem`],
    ["PUT", `/1.0/loadbalancer/${LB}/certificates/${id}`],
    ["GET", `/1.0/interface/${id}`],
    ["POST", `/1.0/plug/vip/${id}`],
  ];

  test("of 10 kB are 400: the request line is too long", async () => {
    for (const [method = "", path = ""] of paths("a".repeat(10_000))) {
      await refused(await ask(method, path, { body: "" }), 400, /Request line too long/);
    }
  });

  test("with an encoded slash are other paths", async () => {
    for (const [method = "", path = ""] of paths("%2e%2e%2fetc")) {
      const answer = await ask(method, path, { body: "" });
      assert.ok([404, 405].includes(answer.status), `${method} ${path}: ${answer.status}`);
      await refused(answer, answer.status, /^\{"error":"40[45] /);
    }
  });
});

test("file names that are none are 400 on every route", async () => {
  for (const name of [
    "aXpem",
    "a-pem",
    "xx.pemfoo",
    ".pem",
    "..",
    "%2e%2e",
    "a.pem%00",
    "a..pem",
    `${"a".repeat(300)}.pem`,
  ]) {
    const path = `/1.0/loadbalancer/${LB}/certificates/${name}`;
    for (const method of ["PUT", "GET", "DELETE"]) {
      await refused(
        await ask(method, path, { body: "x" }),
        400,
        /^\{"message":"Filename has wrong format"\}$/,
      );
    }
  }
});

test("actions that are none are 400, before the id is looked at", async () => {
  for (const action of ["explode", "START%20", "haproxy", "%2e%2e", "a%00"]) {
    const answer = await ask("PUT", `/1.0/loadbalancer/${LB}/${action}`);
    await refused(answer, 400, /^\{"message":"Invalid Request","details":"Unknown action: /);
  }
});

suite("configurations that are none", () => {
  const path = `/1.0/loadbalancer/${AMPHORA}/${LB}/haproxy`;

  for (const [name, body] of [
    ["nothing", ""],
    ["words", "what is this\n"],
    ["a section cut short", "frontend a\n    bind 10.0.0.1:80\n    default_backend nowhere\n"],
    ["binary", Buffer.from([0, 1, 2, 3])],
  ] as const) {
    test(`${name}: 400 with HAProxy's words, nothing but the rejected file is left`, async () => {
      const answer = await ask("PUT", path, { body });
      assert.equal(answer.status, 400, answer.body);
      assert.match(answer.body, /^\{"message":"Invalid request","details":"/);
      await nothingChanged();
      assert.equal((await ask("GET", `/1.0/loadbalancer/${LB}/haproxy`)).status, 404);
    });
  }
});

suite("plugging with bodies that are none", () => {
  const vip = { subnet_cidr: "203.0.113.0/24", gateway: "203.0.113.1", mac_address: "00:00:5e:00:53:01" };
  const { gateway: _, ...noGateway } = vip;
  const routes = [
    [
      "/1.0/plug/vip/203.0.113.5",
      /^\{"error":"400 Bad Request: Invalid subnet information","http_code":400\}$/,
    ],
    ["/1.0/plug/network", /^\{"error":"400 Bad Request: Invalid port information","http_code":400\}$/],
  ] as const;

  for (const [name, options] of Object.entries<Ask>({
    "no body": {},
    "broken JSON": { body: "{", headers: JSON_TYPE },
    "no media type": { body: JSON.stringify(vip) },
    "another media type": { body: JSON.stringify(vip), headers: { "Content-Type": "text/plain" } },
    "bytes that are not UTF-8": { body: Buffer.from([0x22, 0xff, 0x22]), headers: JSON_TYPE },
    "an array": { body: "[]", headers: JSON_TYPE },
    "a text": { body: '"x"', headers: JSON_TYPE },
    null: { body: "null", headers: JSON_TYPE },
    "no keys": { body: "{}", headers: JSON_TYPE },
    "deep nesting": { body: `${"[".repeat(100_000)}${"]".repeat(100_000)}`, headers: JSON_TYPE },
    "2 MB": { body: JSON.stringify("a".repeat(2_000_000)), headers: JSON_TYPE },
  })) {
    test(name, async () => {
      for (const [path, body] of routes) await refused(await ask("POST", path, options), 400, body);
    });
  }

  test("a VIP without a mandatory key", async () => {
    const options = { body: JSON.stringify(noGateway), headers: JSON_TYPE };
    for (const [path, body] of routes.slice(0, 1)) await refused(await ask("POST", path, options), 400, body);
  });

  const WRONG = [1, true, [], {}, "error", [null], [{}], "../..", "a".repeat(10_000), -1, 1.5];
  const DEFAULTS = {
    ...vip,
    mtu: 1500,
    vrrp_ip: "203.0.113.6",
    host_routes: [],
    additional_vips: [],
    fixed_ips: [],
  };
  const keys = (
    ["subnet_cidr", "gateway", "mac_address", "vrrp_ip", "host_routes", "additional_vips"] as const
  ).flatMap((key) => [["/1.0/plug/vip/203.0.113.5", key] as const]);
  for (const [path, key] of [
    ...keys,
    ["/1.0/plug/network", "fixed_ips"],
    ["/1.0/plug/network", "mac_address"],
  ] as const) {
    test(`${path}: ${key} of the wrong kind is never a success nor an accident`, async () => {
      for (const value of WRONG) {
        if (Array.isArray(value) && value.length === 0) continue;
        const options = { body: JSON.stringify({ ...DEFAULTS, [key]: value }), headers: JSON_TYPE };
        const answer = await ask("POST", path, options);
        assert.ok(
          [400, 404].includes(answer.status),
          `${JSON.stringify(value).slice(0, 50)}: ${answer.status} ${answer.body}`,
        );
        await refused(answer, answer.status);
      }
    });
  }

  test("addresses in the URL that are none", async () => {
    const options = { body: JSON.stringify(vip), headers: JSON_TYPE };
    for (const address of ["error", "10.0.0.256", "%00", "10.0.0.1%20", "::g", "a".repeat(1_000)]) {
      await refused(
        await ask("POST", `/1.0/plug/vip/${address}`, options),
        400,
        /^\{"message":"Invalid VIP: /,
      );
      await refused(
        await ask("GET", `/1.0/interface/${address}`),
        400,
        /^\{"message":"Invalid IP address"\}$/,
      );
    }
  });
});

suite("identities that are none", () => {
  test("certificates without key, with another key, or of no kind at all are 400", async () => {
    const { identities } = daemon;
    const authority = await identities.authority("other");
    const [one, other] = await Promise.all([authority.issue("a"), authority.issue("b")]);
    const key = (pem: Buffer) => pem.toString().split("-----BEGIN CERTIFICATE")[0] ?? "";
    const certificate = (pem: Buffer) => pem.toString().slice(key(pem).length);
    const bodies = [
      "",
      "x",
      key(one.pem),
      certificate(one.pem),
      key(one.pem) + certificate(other.pem),
      Buffer.from([0, 255]),
    ];
    for (const body of bodies) {
      await refused(await ask("PUT", "/1.0/certificate", { body }), 400);
      assert.equal((await ask("GET", "/")).status, 200, "the old certificate still serves");
    }
  });

  test("configurations that do not parse are 500 in the contract's words", async () => {
    const bodies = ["no section\n", "[haproxy_amphora]\nbind_port = many\n", Buffer.from([0xff, 0xfe])];
    for (const body of bodies) {
      const answer = await ask("PUT", "/1.0/config", { body });
      await refused(answer, 500, /^\{"message":"Unable to update amphora-agent configuration\.","details":"/);
    }
  });
});

suite("bodies of 1 GB", () => {
  for (const [method, path, headers] of [
    ["PUT", `/1.0/loadbalancer/${AMPHORA}/${LB}/haproxy`, {}],
    ["PUT", `/1.0/loadbalancer/${LB}/certificates/a.pem`, {}],
    ["PUT", "/1.0/certificate", {}],
    ["PUT", "/1.0/config", {}],
    ["POST", "/1.0/plug/network", JSON_TYPE],
    ["POST", "/1.0/plug/vip/203.0.113.5", JSON_TYPE],
  ] as const) {
    for (const framing of [`Content-Length: ${GIGABYTE}`, "Transfer-Encoding: chunked"]) {
      test(`${method} ${path}, ${framing}: 400, and memory stays flat`, async () => {
        const memory = await daemon.memory();
        const socket = await daemon.client.connect();
        const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\n${fields.join("")}${framing}\r\n\r\n`);
        const closed = new Promise<boolean>((resolve) => socket.once("close", () => resolve(false)));
        const text = readToEnd(socket);
        const piece = chunk(framing.startsWith("Transfer"));
        const write = () =>
          new Promise<boolean>((resolve) => socket.write(piece, (error) => resolve(error == null)));
        for (let sent = 0; sent < GIGABYTE; sent += piece.length)
          if (!(await Promise.race([closed, write()]))) break;
        await refused(parseAnswer(await text), 400);
        assert.ok((await daemon.memory()) - memory < MEMORY_SLACK_BYTES);
      });
    }
  }
});

/** 64 kB of body, framed or not. */
function chunk(framed: boolean): Buffer {
  const data = Buffer.alloc(65_536, "x");
  return framed ? Buffer.concat([Buffer.from("10000\r\n"), data, Buffer.from("\r\n")]) : data;
}

test("nothing of all that was an accident", async () => {
  assert.equal((await ask("GET", "/1.0/details")).status, 200);
  const accidents = daemon
    .lines()
    .filter(({ event, path }) => event === "api.request.failed" && path !== "/1.0/config");
  assert.deepEqual(accidents, []);
});
