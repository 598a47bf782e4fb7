import assert from "node:assert/strict";
import { test } from "node:test";
import { optionsOf, parseServer } from "../../../../agent/loadbalancer/runtime/parse-server.ts";

const parsed = (line: string) => parseServer(line.split(" "));

test("what HAProxy can change while it runs is apart from all other options", () => {
  assert.deepEqual(parsed("server m1 10.0.0.1:80 weight 5 check inter 5s disabled backup"), {
    name: "m1",
    address: "10.0.0.1",
    port: 80,
    weight: 5,
    isDisabled: true,
    options: ["check", "inter", "5s", "backup"],
  });
});

test("a server without a weight has HAProxy's own", () =>
  assert.equal(parsed("server m1 10.0.0.1:80")?.weight, 1));

for (const place of ["2001:db8::1:80", "[2001:db8::1]:80"]) {
  test(`${place} is an address and a port`, () => {
    const { address, port } = parsed(`server m1 ${place}`) ?? {};
    assert.deepEqual([address, port], ["2001:db8::1", 80]);
  });
}

for (const line of [
  "server m1 www.example.org:80",
  "server m1 10.0.0.1",
  "server m1 10.0.0.1:0",
  "server m1 10.0.0.1:80 weight 257",
  "server m1 10.0.0.1:80 weight many",
  "server m1 10.0.0.1:80 slowstart 5s",
  "server m1 10.0.0.1:80 inter",
  "server m1 10.0.0.1:80 constructor",
  "server m1",
  "server",
  "bind 10.0.0.1:80",
]) {
  test(`"${line}" is no server that the agent understands`, () => assert.equal(parsed(line), undefined));
}

test("options are told apart from the words that belong to them", () => {
  const server = parsed("server m1 10.0.0.1:80 check addr 10.0.0.9 port 81");
  assert.deepEqual(server && [...optionsOf(server)], [
    ["check", []],
    ["addr", ["10.0.0.9"]],
    ["port", ["81"]],
  ]);
});
