import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { RecentMetrics } from "../../../agent/metrics/recent-metrics.ts";

const metric = (name: string, ...values: number[]): string =>
  `# HELP ${name} Text.\n# TYPE ${name} gauge\n${values.map((value) => `${name} ${value}\n`).join("")}`;

/** Counts what is encoded. */
function setUp() {
  const encoded: string[] = [];
  const recent = new RecentMetrics((lines) => {
    encoded.push(lines);
    return lines.toUpperCase();
  });
  /** As a caller does it, who encodes by himself what is not kept. */
  const encode = (text: string): string => {
    let result = "";
    for (let position = 0; position < text.length; ) {
      const found = text.startsWith("# HELP ", position) ? recent.at(text, position) : undefined;
      const end = text.indexOf("\n", position) + 1 || text.length;
      result += found ? found.encoded : text.slice(position, end).toUpperCase();
      position = found ? position + found.raw.length : end;
    }
    return result;
  };
  return { encoded, encode };
}

suite("metrics that read as before", () => {
  test("what has not changed is not encoded again; what has, is, and lines behind it are not lost", () => {
    const { encoded, encode } = setUp();
    const [a, b, c] = [metric("a", 1), metric("b", 1, 2), metric("c", 1)];
    assert.equal(encode(a + b + c), (a + b + c).toUpperCase());
    assert.deepEqual(encoded, [a, b]);
    assert.equal(encode(a + b + c), (a + b + c).toUpperCase());
    assert.equal(encoded.length, 2);
    const more = metric("b", 1, 2, 3);
    assert.equal(encode(a + more + c), (a + more + c).toUpperCase());
    const other = metric("b", 2);
    assert.equal(encode(a + other + c), (a + other + c).toUpperCase());
    assert.deepEqual(encoded, [a, b, other]);
  });

  test("what changes each time is left alone, until it stays the same", () => {
    const { encoded, encode } = setUp();
    const last = metric("z", 1);
    for (let value = 0; value < 15; value += 1) encode(metric("a", value) + last);
    assert.equal(encoded.length, 2);
    for (let scrape = 0; scrape < 3; scrape += 1) encode(metric("a", 99) + last);
    assert.equal(encoded.length, 3);
  });

  test("however scrapes follow each other, every one is encoded as if it were the first", () => {
    const aMetric = fc
      .tuple(fc.constantFrom("a", "b", "ab", "c"), fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 3 }))
      .map(([name, values]) => metric(name, ...values));
    const aScrape = fc
      .tuple(fc.constantFrom("", "x 1\n"), fc.array(aMetric, { maxLength: 5 }), fc.constantFrom("", "y 1"))
      .map(([first, metrics, last]) => first + metrics.join("") + last);
    fc.assert(
      fc.property(fc.array(aScrape, { maxLength: 8 }), (scrapes) => {
        const { encode } = setUp();
        for (const scrape of scrapes) assert.equal(encode(scrape), scrape.toUpperCase());
      }),
    );
  });
});
