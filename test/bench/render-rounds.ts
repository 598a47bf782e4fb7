/** Times our renderer, in a process with the options of V8 that the built program has: rounds as the argument. */
import process from "node:process";
import { renderDocument } from "../../agent/render/documents.ts";
import { largeDocument } from "./rendering-document.ts";

const document = largeDocument();
const seconds: number[] = [];
let text = "";
for (let round = 0; round < Number(process.argv[2]); round += 1) {
  const start = performance.now();
  text = await renderDocument(document);
  seconds.push((performance.now() - start) / 1_000);
}
process.stdout.write(JSON.stringify({ seconds, text }));
