/** Golden texts of rendering documents (docs/contract/rendering.md, section 9). */
import { readdir, readFile } from "node:fs/promises";
import { AgentError } from "../../../agent/errors.ts";
import { checkDocument } from "../../../agent/render/document/parse-document.ts";
import { renderDocument } from "../../../agent/render/documents.ts";
import type { Outcome } from "./index.ts";

export const name = "rendering";

/** A folder of golden data each. */
const KINDS: ReadonlySet<string> = new Set(["haproxy", "keepalived-lvs", "keepalived-vrrp"]);

interface Vector {
  readonly name: string;
  readonly document: unknown;
  readonly expected: string;
}

/** Every file of every kind: what is to be rendered is never taken from a list that may lack it. */
export async function run(directory: string): Promise<Outcome> {
  const failed: { name: string; reason: string }[] = [];
  let passed = 0;
  for (const kind of (await readdir(directory)).filter((entry) => KINDS.has(entry))) {
    for (const file of (await readdir(`${directory}/${kind}`)).sort()) {
      const vector = JSON.parse(await readFile(`${directory}/${kind}/${file}`, "utf8")) as Vector;
      const reason = difference(await rendered(vector.document), vector.expected);
      if (reason === undefined) passed += 1;
      else failed.push({ name: `${kind}/${vector.name}`, reason });
    }
  }
  return { passed, failed };
}

async function rendered(document: unknown): Promise<string> {
  try {
    return await renderDocument(checkDocument(document));
  } catch (error) {
    if (error instanceof AgentError) return `refused: ${error.details}`;
    throw error;
  }
}

/** @returns the first line that differs */
function difference(actual: string, expected: string): string | undefined {
  if (actual === expected) return undefined;
  const [ours, theirs] = [actual.split("\n"), expected.split("\n")];
  const index = theirs.findIndex((line, number) => line !== ours[number]);
  const at = index === -1 ? theirs.length : index;
  return `line ${at + 1} is ${JSON.stringify(ours[at])} instead of ${JSON.stringify(theirs[at])}`;
}
