import assert from "node:assert/strict";
import { test } from "node:test";
import { drawTerminal } from "../../../scripts/terminal-svg.ts";

test("colours end where the terminal's do, and the text stays text", () => {
  const svg = drawTerminal("a \x1b[31mb <&>\x1b[0m c\n\x1b[1md\x1b[0m\n\ne\n");
  assert.match(svg, /<text [^>]*>a <tspan fill="#\w+">b &lt;&amp;&gt;<\/tspan> c<\/text>/);
  assert.match(svg, /<tspan font-weight="bold">d<\/tspan>/);
  assert.equal(svg.match(/<text /g)?.length, 3);
  const [, height] = /height="(\d+)"/.exec(svg) ?? [];
  assert.equal(Number(height), 4 * 17 + 24);
});

test("a colour that it does not know is an error, not another colour", () => {
  assert.throws(() => drawTerminal("\x1b[95mx\n"), /95/);
});
