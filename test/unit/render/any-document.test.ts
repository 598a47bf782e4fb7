import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { DocumentError } from "../../../agent/render/document/problem.ts";
import type { DocumentKind, RenderingDocument } from "../../../agent/render/document/types.ts";
import { renderDocument } from "../../../agent/render/documents.ts";
import { arbitraryDocument, isAccepted } from "./arbitrary-document.ts";

/** What could end a line, a block, a quoted string or the text; a colon and a comma would be legitimate separators. */
const HOSTILE = [
  "\n",
  "\r",
  "\r\n",
  "\0",
  '"',
  "'",
  "\\",
  "\\\n",
  "#",
  "{",
  "}",
  "\u0085",
  "\u2028",
  "\t",
  "\v",
  "\x1b",
].map((character) => `a${character}global${character}`);

for (const kind of ["haproxy", "keepalived-vrrp", "keepalived-lvs"] as const) {
  suite(`any ${kind} document that the schema accepts`, () => {
    test("is rendered, or refused with the reason", async () => {
      let rendered = 0;
      const property = fc.asyncProperty(arbitraryDocument(kind), async (document) => {
        const text = await outcome(document);
        if (text !== undefined) rendered += 1;
      });
      await fc.assert(property, { numRuns: 300 });
      assert.ok(rendered > 100, `only ${rendered} documents could be rendered`);
    });

    test("has no string that adds a line or a block to the text", async () => {
      let compared = 0;
      const choice = fc.record({
        document: arbitraryDocument(kind),
        place: fc.nat(),
        hostile: fc.constantFrom(...HOSTILE),
      });
      const property = fc.asyncProperty(choice, async ({ document: generated, place, hostile }) => {
        const document = structuredClone(generated);
        const places = stringsIn(document);
        const { holder, key } = places[place % places.length] ?? assert.fail("a document without strings");
        const start = holder[key]?.startsWith("/") ? "/" : "";
        holder[key] = `${start}agloballoglobal`;
        const harmless = isAccepted(document) ? await outcome(document) : undefined;
        holder[key] = start + hostile;
        if (!isAccepted(document)) return;
        const text = await outcome(document);
        if (text === undefined || harmless === undefined) return;
        compared += 1;
        assert.deepEqual(
          shapeOf(text, kind),
          shapeOf(harmless, kind),
          `${String(key)} = ${JSON.stringify(hostile)}`,
        );
      });
      await fc.assert(property, { numRuns: 1_000 });
      assert.ok(compared > 100, `only ${compared} texts could be compared`);
    });
  });
}

/** The text, or undefined for a document that is refused. */
async function outcome(document: RenderingDocument): Promise<string | undefined> {
  try {
    return await renderDocument(document);
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    assert.match(error.details ?? "", /^\$[^\n]*: expected [^\n]+; found [^\n]+$/);
    return undefined;
  }
}

/** How many lines there are, and for keepalived where blocks begin and end. */
function shapeOf(text: string, kind: DocumentKind): unknown {
  const lines = text.split(/[\n\r\0]/);
  return kind === "haproxy" ? lines.length : lines.map((line) => line.replace(/[^{}]/g, ""));
}

interface Place {
  readonly holder: Record<string, string>;
  readonly key: string;
}

function stringsIn(value: unknown): readonly Place[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]): readonly Place[] =>
    typeof item === "string" ? [{ holder: value as Record<string, string>, key }] : stringsIn(item),
  );
}
