import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeStatus } from "../../../agent/status/encode-status.ts";
import { renderStatus } from "../../../agent/status/render-status.ts";
import { ago, aLoadBalancer, anAnswer, aServer, KEY, LISTENER, someFacts } from "./some-facts.ts";

const SCREEN = { width: 80, colours: false, most: 10 };

/** A large load balancer with everything in it, on IPv6. */
function aLargeStatus() {
  const names = Array.from(
    { length: 200 },
    (_, n) => `33333333-0000-4333-8333-${String(n).padStart(12, "0")}`,
  );
  const addresses = names.map(
    (name, n) => [name, `[2001:db8:1111:2222:3333:4444:5555:${n.toString(16)}]:8080`] as const,
  );
  const servers = names.map((name, n) => ({ ...aServer, name, status: n === 150 ? "DOWN" : "UP" }));
  return encodeStatus(
    someFacts({
      vrrp: {
        value: {
          pid: 4,
          instances: [{ name: "f565635c11e94caf83bce4ca0d8b6f19", role: "MASTER", since: ago(7_200_000) }],
        },
      },
      loadBalancers: {
        value: [
          aLoadBalancer({
            answer: { value: anAnswer(servers) },
            backends: [{ key: KEY, servers: new Map(addresses) }],
          }),
        ],
      },
    }),
  );
}

test("everything is on the screen, and no line is longer than 80 columns", () => {
  const text = renderStatus(aLargeStatus(), SCREEN);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, `${line.length}: ${line}`);
  for (const part of [
    "amphora-1",
    "agent 0.1.0",
    "192.0.2.10:5555",
    "MASTER",
    "203.0.113.5",
    LISTENER,
    "2.6.12",
  ]) {
    assert.ok(text.includes(part), part);
  }
});

test("of many members those that need attention come first, and the rest is counted", () => {
  const text = renderStatus(aLargeStatus(), SCREEN);
  const pool = text.slice(text.indexOf("    pool "));
  assert.match(pool.split("\n")[1] ?? "", /^ {6}DOWN +33333333-0000-4333-8333-000000000150/);
  assert.match(text, /and 190 more/);
  const all = renderStatus(aLargeStatus(), { ...SCREEN, most: Number.POSITIVE_INFINITY });
  assert.equal(all.match(/33333333-0000/g)?.length, 201);
});

test("of many listeners and certificates those that need attention come first, and the rest is counted", () => {
  const ids = Array.from({ length: 30 }, (_, n) => `44444444-0000-4333-8333-${String(n).padStart(12, "0")}`);
  const balancer = aLoadBalancer({
    frontends: ids.map((id) => ({
      id,
      protocol: "HTTP",
      addresses: ["203.0.113.5:80"],
      limit: 5,
      defaultBackend: undefined,
    })),
  });
  const answer = anAnswer();
  const row = answer.statistics.frontends[0];
  assert.ok(row);
  const frontends = ids.map((name, n) => ({ ...row, name, status: n === 25 ? "FULL" : "OPEN" }));
  const statistics = { ...answer.statistics, frontends };
  const [first] = someFacts().certificates;
  assert.ok(first && "value" in first.content);
  const { value } = first.content;
  const certificates = ids.map((file, n) => ({
    ...first,
    file,
    content: { value: { ...value, notAfter: new Date(value.notAfter.getTime() - n * 1_000) } },
  }));
  const text = renderStatus(
    encodeStatus(
      someFacts({
        loadBalancers: { value: [{ ...balancer, answer: { value: { ...answer, statistics } } }] },
        certificates,
      }),
    ),
    SCREEN,
  );
  assert.match(text, / {2}listener 44444444-\S+025 HTTP FULL/);
  assert.equal(text.match(/^ {2}listener /gm)?.length, 10);
  assert.equal(text.match(/and 20 more/g)?.length, 2);
  const list = text.slice(text.indexOf("\ncertificates\n"));
  assert.match(list.split("\n")[2] ?? "", /000029 CN=amphora/);
});

test("what is wrong stands at the end, and so does that nothing is", () => {
  assert.match(renderStatus(encodeStatus(someFacts()), SCREEN), /\nnothing is wrong\n$/);
  const down = encodeStatus(someFacts({ agent: { state: "down", reason: "nobody listens" } }));
  assert.match(renderStatus(down, SCREEN), /\nwhat is wrong \(1\)\n {2}error the agent does not run.*\n$/);
});

test("colours are escape sequences around words, and nothing else differs", () => {
  const status = aLargeStatus();
  const coloured = renderStatus(status, { ...SCREEN, colours: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this is about
  assert.equal(coloured.replace(/\x1b\[\d+m/g, ""), renderStatus(status, SCREEN));
  assert.ok(coloured.includes("\x1b[31m") && coloured.includes("\x1b[32m"));
  assert.ok(!renderStatus(status, SCREEN).includes("\x1b"));
});

test("a status of which nothing could be found out is still a screen", () => {
  const failure = { failure: "cannot fork" };
  const text = renderStatus(
    encodeStatus(
      someFacts({
        config: failure,
        packages: failure,
        machine: failure,
        disk: failure,
        vrrp: failure,
        plugged: failure,
        interfaces: failure,
        loadBalancers: failure,
        lvs: failure,
        certificates: [],
        agent: { state: "silent", reason: "late" },
      }),
    ),
    SCREEN,
  );
  assert.match(text, /what is wrong \(10\)/);
});

test("the last repair is on the screen, with what was heard before it, and how many there were", () => {
  const { agent } = someFacts();
  assert.ok(agent.state === "running");
  const last = { keeper: "network", differences: ["rule add"], cause: "Deleted 32000:", at: ago(60_000) };
  const healing = { repairs: { rule: 2, file: 1 }, last, flapping: [], failing: [] };
  const facts = someFacts({ agent: { state: "running", report: { ...agent.report, healing } } });
  const text = renderStatus(encodeStatus(facts), SCREEN);
  assert.match(text, /repairs +2 rule, 1 file; last 60 s ago: rule add \(Deleted 32000:\)/);
  assert.doesNotMatch(renderStatus(encodeStatus(someFacts()), SCREEN), /repairs/);
});
