/** docs/weaknesses.md names tests that exist. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);
const page = await readFile(new URL("docs/weaknesses.md", ROOT), "utf8");
const contract = await readFile(new URL("docs/contract/rest-api.md", ROOT), "utf8");
const rowsOf = (text: string) => text.split("\n").filter((line) => /^\| \d+ \|/.test(line));
const numberOf = (row: string) => Number(row.split("|")[1]);
/** Where there is nothing that the agent could do. */
const WITHOUT_TEST = [34];

test("every weakness of the contract has a row, in order", () => {
  const section = contract.slice(contract.indexOf("\n## 7."));
  assert.deepEqual(rowsOf(page).map(numberOf), rowsOf(section).map(numberOf));
});

for (const row of rowsOf(page)) {
  test(`what is said to prove row ${numberOf(row)} exists`, async () => {
    const named = [...row.matchAll(/`(test\/[\w/.-]+\.test\.ts): ([^`]+)`/g)];
    assert.equal(named.length > 0, !WITHOUT_TEST.includes(numberOf(row)));
    for (const [, file = "", title = ""] of named) {
      const source = await readFile(new URL(file, ROOT), "utf8");
      const found = ['"', "`"].some((quote) => source.includes(`test(${quote}${title}${quote}`));
      assert.ok(found, `${file} has no test "${title}"`);
    }
  });
}
