import assert from "node:assert/strict";
import { test } from "node:test";
import { drawGraph } from "../../../scripts/graph-svg.ts";

test("the first and the last value are at the ends of the area", () => {
  const svg = drawGraph({
    query: "requests",
    values: [
      [0, "5"],
      [30, "10"],
      [60, "25"],
    ],
  });
  assert.match(svg, /<polyline points="56\.0,194\.0 347\.0,153\.0 638\.0,30\.0"/);
  assert.match(svg, />00:00:30</);
});

test("a single value is no graph", () => {
  assert.throws(() => drawGraph({ query: "requests", values: [[0, "5"]] }), /nothing to draw/);
});
