import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { RecentLines } from "../../../agent/metrics/recent-lines.ts";

const metric = (name: string, ...values: readonly (number | string)[]): string =>
  `# HELP ${name} Text.\n# TYPE ${name} gauge\n${values.map((value) => `${name} ${value}\n`).join("")}`;

/** Counts what is encoded. */
function setUp() {
  const encoded: string[] = [];
  const recent = new RecentLines((lines) => {
    encoded.push(lines.toString("latin1"));
    return lines.toString("latin1").toUpperCase();
  });
  return {
    /** What was encoded since the last call. */
    takeEncoded: (): string[] => encoded.splice(0),
    /** @param cuts - where the text comes in parts, as whoever reads it has them */
    scrape(text: string, cuts: readonly number[] = []): string {
      const bytes = Buffer.from(text, "latin1");
      const comparison = recent.compare();
      let result = "";
      const sink = { add: (part: Buffer | string) => (result += part.toString("latin1")) };
      let done = 0;
      for (const cut of [...cuts].sort((a, b) => a - b)) {
        const end = Math.max(done, Math.min(cut, bytes.length));
        done += comparison.translate(bytes.subarray(done, end), false, sink);
      }
      comparison.translate(bytes.subarray(done), true, sink);
      recent.remember(comparison);
      return result;
    },
  };
}

suite("lines that read as before", () => {
  test("what has not changed is not encoded again", () => {
    const { scrape, takeEncoded } = setUp();
    const text = metric("a", 1) + metric("b", 1, 2);
    for (const encoded of [[text], [], []]) {
      assert.equal(scrape(text), text.toUpperCase());
      assert.deepEqual(takeEncoded(), encoded);
    }
  });

  test("of what changes, only those lines are encoded, also when they have another length", () => {
    const { scrape, takeEncoded } = setUp();
    const text = (value: number | string) => metric("a", 1) + metric("b", value, 2) + metric("c", 3, 4);
    scrape(text(1));
    scrape(text(2));
    takeEncoded();
    for (const value of [3, 10_000, 5, ""]) {
      assert.equal(scrape(text(value)), text(value).toUpperCase());
      assert.deepEqual(takeEncoded(), [`b ${value}\n`]);
    }
  });

  test("what changes as a whole is encoded as a whole", () => {
    const { scrape, takeEncoded } = setUp();
    const text = (value: number) =>
      `${Array.from({ length: 50 }, (_, line) => `line${line} ${value}\n`).join("")}`;
    scrape(text(1));
    for (const value of [2, 3, 4]) {
      takeEncoded();
      assert.equal(scrape(text(value)), text(value).toUpperCase());
      assert.deepEqual(takeEncoded(), [text(value)]);
    }
  });

  test("what changed once is in time taken for steady again", () => {
    const { scrape, takeEncoded } = setUp();
    const text = (value: number) => metric("a", value) + metric("b", 1, 2);
    scrape(text(1));
    scrape(text(2));
    const isSilent = () => {
      takeEncoded();
      scrape(text(2));
      return takeEncoded().length === 0;
    };
    let scrapes = 0;
    while (!isSilent()) {
      scrapes += 1;
      assert.ok(scrapes < 100);
    }
  });

  test("lines that come or go are neither lost nor told twice", () => {
    const { scrape } = setUp();
    const [a, b, c] = [metric("a", 1), metric("b", 1, 2), metric("c", 1)];
    for (const text of [a + b + c, a + metric("b", 1, 2, 3) + c, a + c, a + b + c, "", c + b + a, a]) {
      assert.equal(scrape(text), text.toUpperCase());
    }
  });

  test("a last line that lacks its end may have one the next time, and go on", () => {
    const { scrape } = setUp();
    for (const text of ["a 1\nb 1", "a 1\nb 12\n", "a 1\nb 1\n", "a 1\nb 1", "a 1\nb 13"]) {
      assert.equal(scrape(text), text.toUpperCase());
    }
  });

  test("a text of megabytes is not kept as a whole", () => {
    const { scrape, takeEncoded } = setUp();
    const text = "a line of some length, and its value 1\n".repeat(60_000);
    for (let times = 0; times < 2; times += 1) {
      takeEncoded();
      assert.ok(scrape(text) === text.toUpperCase());
    }
    const again = takeEncoded().reduce((sum, lines) => sum + lines.length, 0);
    assert.ok(again > text.length - 1024 * 1024 && again < text.length);
  });

  test("two scrapes at a time are each told by their own lines", () => {
    const recent = new RecentLines((lines) => lines.toString("latin1").toUpperCase());
    const texts = [metric("a", 1) + metric("b", 1), metric("a", 2) + metric("b", 1)] as const;
    for (let times = 0; times < 4; times += 1) {
      const both = texts.map((text) => {
        const parts: string[] = [];
        return { text, bytes: Buffer.from(text), comparison: recent.compare(), parts };
      });
      for (const { bytes, comparison, parts } of both) {
        comparison.translate(bytes, true, { add: (part) => parts.push(part.toString("latin1")) });
      }
      for (const { text, comparison, parts } of both) {
        recent.remember(comparison);
        assert.equal(parts.join(""), text.toUpperCase());
      }
    }
  });

  test("however scrapes follow each other and are cut, every one is encoded as if it were the first", () => {
    const aMetric = fc
      .tuple(fc.constantFrom("a", "b", "ab", "c"), fc.array(fc.constantFrom(0, 1, 11, ""), { maxLength: 3 }))
      .map(([name, values]) => metric(name, ...values));
    const aScrape = fc
      .tuple(
        fc.constantFrom("", "x 1\n"),
        fc.array(aMetric, { maxLength: 5 }),
        fc.constantFrom("", "y 1", "y 1\n"),
      )
      .map(([first, metrics, last]) => first + metrics.join("") + last);
    const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(aScrape, cuts), { maxLength: 10 }), (scrapes) => {
        const { scrape } = setUp();
        for (const [text, at] of scrapes) assert.equal(scrape(text, at), text.toUpperCase());
      }),
      { numRuns: 500 },
    );
  });
});
