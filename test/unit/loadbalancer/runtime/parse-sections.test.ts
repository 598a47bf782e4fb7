import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSections, sectionName } from "../../../../agent/loadbalancer/runtime/parse-sections.ts";
import { CONFIG, sectionsOf } from "./sections.ts";

test("sections are in order, with servers apart from other lines", () => {
  const sections = sectionsOf(CONFIG);
  assert.deepEqual(sections.map(sectionName), ["global", "frontend web", "backend pool:web"]);
  assert.deepEqual(sections[2]?.lines, [
    ["balance", "roundrobin"],
    ["timeout", "server", "5000"],
  ]);
  assert.deepEqual(
    sections[2]?.servers.map(({ name }) => name),
    ["m1", "m2"],
  );
});

test("a server that is not understood is a line", () => {
  const [section] = sectionsOf("backend b\n server m1 www.example.org:80");
  assert.deepEqual(section?.lines, [["server", "m1", "www.example.org:80"]]);
});

for (const [name, text] of [
  ["with conditions", "global\n.if defined(X)\n maxconn 5\n.endif"],
  ["with a line before its first section", "maxconn 5\nglobal"],
  ["that names a server twice", "backend b\n server m 10.0.0.1:80\n server m 10.0.0.2:80"],
  ["that depends on the environment", 'global\n maxconn "$MAX"'],
] as const) {
  test(`a configuration ${name} is not compared`, () => assert.equal(parseSections(text), undefined));
}
