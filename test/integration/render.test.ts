/** `amphora render`, as operators and programs run it, beside the programs that its texts are for. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import type { DocumentKind } from "../../agent/render/document/types.ts";
import { arbitraryDocument } from "../unit/render/arbitrary-document.ts";
import haproxy from "../vectors/rendering/haproxy/monitor-thresholds.json" with { type: "json" };
import lvs from "../vectors/rendering/keepalived-lvs/udp-monitor-http-codes-range.json" with { type: "json" };
import vrrp from "../vectors/rendering/keepalived-vrrp/master.json" with { type: "json" };
import { shell } from "./network-rig.ts";

const PROGRAM = new URL("../../agent/cli/main.ts", import.meta.url).pathname;
const FOLDER = "/run/render-test";
const VRRP_FILE = `${FOLDER}/vrrp.json`;
const CHECK_SCRIPT = "/var/lib/octavia/vrrp/check_script.sh";
const PATIENCE_MS = 20_000;

before(async () => {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(VRRP_FILE, JSON.stringify(vrrp.document));
});
after(() => rm(FOLDER, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [PROGRAM, "render", ...args]);
}

async function render(args: readonly string[], input = ""): Promise<Ended> {
  const child = start(args);
  const [stdout, stderr, [code]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, "close") as Promise<[number | null]>,
    new Promise((resolve) => child.stdin.on("error", resolve).end(input, () => resolve(undefined))),
  ]);
  return { code, stdout, stderr };
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}

const linesOf = (text: string): unknown[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));

test("prints the text of a file and of standard input, and nothing else", async () => {
  const wanted = { code: 0, stdout: vrrp.expected, stderr: "" };
  assert.deepEqual(await render([VRRP_FILE]), wanted);
  assert.deepEqual(await render(["--kind", "keepalived-vrrp"], JSON.stringify(vrrp.document)), wanted);
});

test("says what is wrong with a document, a file or the words, each with its exit code", async () => {
  const document = { ...lvs.document, listener_id: "other" };
  assert.deepEqual(await render([], JSON.stringify(document)), {
    code: 1,
    stdout: "",
    stderr:
      'amphora render: $.listener_id: expected the id of one of $.loadbalancer.listeners; found "other"\n',
  });
  assert.deepEqual(await render(["--kind", "keepalived-lvs", VRRP_FILE]), {
    code: 1,
    stdout: "",
    stderr: 'amphora render: $.kind: expected keepalived-lvs; found "keepalived-vrrp"\n',
  });
  const missing = await render([`${FOLDER}/none`]);
  assert.deepEqual([missing.code, missing.stdout], [1, ""]);
  assert.match(missing.stderr, /^amphora render: ENOENT: no such file[^\n]+\/none'\n$/);
  const usage = await render(["--kind", "nginx"]);
  assert.deepEqual([usage.code, usage.stdout], [2, ""]);
});

test("explains every line of the same text", async () => {
  const { code, stdout } = await render(["--explain"], JSON.stringify(lvs.document));
  assert.equal(code, 0);
  assert.equal(stdout.replace(/^# [^|]*\| ?/gm, ""), lvs.expected);
  const [, path] = /^# (\S+) +\| {5}real_server 10\.0\.0\.11 /m.exec(stdout) ?? [];
  assert.equal(path, "$.loadbalancer.pools[0].members[1]");
});

test("answers line by line, in order, whatever the line is", async () => {
  const lines = [
    JSON.stringify({ name: "one", document: lvs.document }),
    "",
    JSON.stringify({ name: "two", document: { ...lvs.document, kind: "nginx" } }),
    "no JSON",
    JSON.stringify({ name: { any: "thing" }, document: vrrp.document }),
  ];
  const { code, stdout, stderr } = await render(["--jsonl"], lines.join("\n"));
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(linesOf(stdout), [
    { name: "one", output: lvs.expected },
    {
      name: "two",
      error: '$.kind: expected one of haproxy, keepalived-vrrp, keepalived-lvs; found "nginx"',
    },
    { name: null, error: "$: expected a JSON document in UTF-8; found Unexpected token 'o'" },
    { name: { any: "thing" }, output: vrrp.expected },
  ]);
});

test("reads no further than its answers are taken", async () => {
  const total = 4_000;
  const child = start(["--jsonl"]);
  let accepted = 0;
  for (let name = 0; name < total; name += 1) {
    child.stdin.write(`${JSON.stringify({ name, document: lvs.document })}\n`, () => {
      accepted += 1;
    });
  }
  child.stdin.end();
  await once(child.stdout, "readable");
  const stalledAt = await standstill(() => accepted);
  assert.ok(stalledAt < total / 2, `${stalledAt} of ${total} lines were read, and no answer was taken`);
  const names = linesOf(await textOf(child.stdout)).map((line) => (line as { name: number }).name);
  assert.deepEqual(
    names,
    Array.from({ length: total }, (_, name) => name),
  );
});

/** The value once it has not changed for a while. */
async function standstill(read: () => number): Promise<number> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let last = -1, since = performance.now(); performance.now() < deadline; await sleep(20)) {
    const value = read();
    if (value !== last) [last, since] = [value, performance.now()];
    else if (performance.now() - since > 500) return value;
  }
  throw new Error(`still changing after ${PATIENCE_MS} ms`);
}

test("ends without a word when its reader has seen enough", async () => {
  const child = start(["--jsonl"]);
  child.stdin.on("error", () => undefined);
  child.stdin.write(`${JSON.stringify({ name: 0, document: lvs.document })}\n`.repeat(2_000));
  child.stdin.end();
  await once(child.stdout, "data");
  child.stdout.destroy();
  const closed = once(child, "close") as Promise<[number | null]>;
  const [stderr, [code]] = await Promise.all([textOf(child.stderr), closed]);
  assert.deepEqual([code, stderr], [0, ""]);
});

suite("keepalived", () => {
  before(async () => {
    // keepalived refuses a script that it does not find.
    await mkdir(dirname(CHECK_SCRIPT), { recursive: true });
    await writeFile(CHECK_SCRIPT, "#!/bin/sh\n", { mode: 0o755 });
    await shell("ip netns add amphora-haproxy");
    await shell("ip link add eth1 netns amphora-haproxy type veth peer name ens3 netns amphora-haproxy");
    await shell("ip -n amphora-haproxy link set eth1 up");
    await shell("ip -n amphora-haproxy link set ens3 up");
  });
  after(async () => {
    await shell("ip netns del amphora-haproxy");
    await rm(CHECK_SCRIPT);
  });

  test("is asked in the namespace, where its interfaces are", async () => {
    assert.deepEqual(await render(["--check", VRRP_FILE]), { code: 0, stdout: vrrp.expected, stderr: "" });
  });

  test("says what it does not accept, with an exit code of its own; the text is printed all the same", async () => {
    const document = structuredClone(vrrp.document);
    for (const amphora of document.amphorae) amphora.vrrp_interface = "eth7";
    const { code, stdout, stderr } = await render(["--check"], JSON.stringify(document));
    assert.equal(code, 3);
    assert.equal(stdout, vrrp.expected.replaceAll("eth1", "eth7"));
    assert.match(
      stderr,
      /^amphora render: ip netns exec amphora-haproxy keepalived -t -f keepalived\.conf ended with exit code \d+\n/,
    );
    assert.match(stderr, /interface eth7 .* doesn't exist/);
  });

  for (const kind of ["keepalived-vrrp", "keepalived-lvs"] as const) {
    test(`accepts what any ${kind} document becomes, or says why not`, () => acceptsOrSaysWhyNot(kind));
  }
});

suite("haproxy", () => {
  test("is asked as for an upload", async () => {
    const document = JSON.stringify(haproxy.document).replace(
      '"connection_limit":-1',
      '"connection_limit":2000',
    );
    const { code, stdout, stderr } = await render(["--check"], document);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(stdout, haproxy.expected.replaceAll(/(maxconn|fullconn) 50000/g, "$1 2000"));
  });

  test("says what it does not accept", async () => {
    const document = structuredClone(haproxy.document);
    for (const pool of document.loadbalancer.pools) pool.healthmonitor.url_path = "/ a b c d";
    const { code, stderr } = await render(["--check"], JSON.stringify(document));
    assert.equal(code, 3);
    assert.match(
      stderr,
      /^amphora render: haproxy -c .*-f haproxy\.cfg .*ended with exit code 1\n.*parsing \[haproxy\.cfg:\d+\]/s,
    );
  });

  test("accepts what any haproxy document becomes, or says why not", () => acceptsOrSaysWhyNot("haproxy"));
});

async function acceptsOrSaysWhyNot(kind: DocumentKind): Promise<void> {
  const documents = fc
    .sample(arbitraryDocument(kind), 100)
    .map((document) => ({ ...document, settings: { ...document.settings, base_path: "/var/lib/octavia" } }));
  const input = documents.map((document, name) => `${JSON.stringify({ name, document })}\n`).join("");
  const { code, stdout, stderr } = await render(["--jsonl", "--check"], input);
  assert.deepEqual([code, stderr], [0, ""]);
  const answers = linesOf(stdout) as { name: number; output?: string; error?: string }[];
  assert.equal(answers.length, documents.length);
  for (const { name, output, error } of answers) {
    if (output === undefined) assert.match(error ?? "", REASON, JSON.stringify(documents[name]));
  }
  assert.ok(answers.some(({ output }) => output !== undefined));
}

/** The agent's own, or at least one line of the words of the program that the text is for. */
const REASON =
  /^(?:\$\S*: expected .+; found |(?:ip netns exec amphora-haproxy keepalived -t|haproxy -c) .* ended with exit code [1-9]\d*\n.)/;
