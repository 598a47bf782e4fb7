import assert from "node:assert/strict";
import { test } from "node:test";
import {
  doubtfulBinds,
  newBinds,
  parseBinds,
  parseListening,
  parseLocalAddresses,
  renderRehearsal,
} from "../../../../agent/loadbalancer/runtime/parse-binds.ts";

const TEXT = `global
    maxconn 5

frontend web
    bind 10.0.0.5:80
    bind 2001:db8:0::5:443 ssl crt-list /x.pem
    mode http
backend b
    server m 10.0.0.1:80
frontend all
    bind :81,[::]:82
    bind /run/socket
`;

const places = (text: string) => parseBinds(text).map(({ address, port }) => `${address ?? "*"} ${port}`);

test("every address of a bind line is found, and nothing else", () => {
  assert.deepEqual(places(TEXT), ["10.0.0.5 80", "2001:db8:0:0:0:0:0:5 443", "* 81", "* 82"]);
});

/** As the kernel shows them on a machine that begins words with their low byte. */
const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0500000A:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 00000000:0051 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0500000A:0050 0100000A:1F90 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
`;
const TCP6 = `  sl  local_address                         remote_address                        st
   0: B80D0120000000000000000005000000:01BB 00000000000000000000000000000000:0000 0A
`;

test("sockets that listen are told by address and port", () => {
  assert.deepEqual(parseListening(TCP), [
    { address: "10.0.0.5", port: 80 },
    { address: undefined, port: 81 },
  ]);
  assert.deepEqual(parseListening(TCP6), [{ address: "2001:db8:0:0:0:0:0:5", port: 443 }]);
});

test("addresses of the namespace are those of both families", () => {
  const routes =
    "Local:\n           |-- 10.0.0.5\n              /32 host LOCAL\n           |-- 10.0.0.255\n              /32 link BROADCAST\n";
  const interfaces = "20010db8000000000000000000000005 02 40 00 80     eth1\n";
  assert.deepEqual([...parseLocalAddresses(routes, interfaces)], ["10.0.0.5", "2001:db8:0:0:0:0:0:5"]);
});

const local = new Set(["10.0.0.5"]);
const bind = (place: string) => parseBinds(`frontend f\n bind ${place}`);
const isDoubtful = (place: string, before: string, listening: string) =>
  doubtfulBinds(newBinds(bind(place), bind(before)), bind(before), { listening: bind(listening), local })
    .length > 0;

for (const [name, place, before, listening, expected] of [
  ["a free port", "10.0.0.5:81", "10.0.0.5:80", "10.0.0.5:80", false],
  ["a port that the old configuration has", "10.0.0.5:80", "10.0.0.5:80", "10.0.0.5:80", false],
  ["a port of one address that the old configuration has on all", "10.0.0.5:80", ":80", ":80", false],
  ["somebody else's port", "10.0.0.5:81", "10.0.0.5:80", "10.0.0.5:81", true],
  ["somebody else's port on all addresses", "10.0.0.5:81", "10.0.0.5:80", ":81", true],
  ["all addresses where somebody has one", ":81", "10.0.0.5:80", "10.0.0.5:81", true],
  ["an address that is not there", "10.0.0.6:80", "10.0.0.5:80", "10.0.0.5:80", true],
] as const) {
  test(`${name} is ${expected ? "doubtful" : "not doubtful"}`, () => {
    assert.equal(isDoubtful(place, before, listening), expected);
  });
}

test("a rehearsal listens only where it is doubtful, on lines of the same number", () => {
  const binds = parseBinds(TEXT).filter(({ port }) => port !== 80);
  const lines = renderRehearsal(TEXT, binds).split("\n");
  assert.deepEqual(lines.slice(0, 12), [
    "",
    "",
    "",
    "frontend web",
    "",
    "    bind [2001:db8:0:0:0:0:0:5]:443",
    "",
    "",
    "",
    "frontend all",
    "    bind :81,:82",
    "",
  ]);
});
