import assert from "node:assert/strict";
import { mock, test } from "node:test";
import Handlebars from "handlebars";
import { renderDocument } from "../../../agent/render/documents.ts";
import { largeDocument } from "../../bench/rendering-document.ts";

test("templates are compiled with the first document of a kind, and never again", async () => {
  const create = mock.method(Handlebars, "create");
  const compile = mock.method(compilerOf(Handlebars), "compile");
  const document = largeDocument();
  const texts = await Promise.all([renderDocument(document), renderDocument(document)]);
  const compiled = compile.mock.callCount();
  assert.ok(compiled > 0);
  texts.push(await renderDocument(document));
  assert.equal(compile.mock.callCount(), compiled);
  assert.equal(create.mock.callCount(), 1);
  assert.equal(new Set(texts).size, 1);
});

/** What every engine's compiler inherits from; Handlebars' types leave it out. */
function compilerOf(engine: object): { compile: (...input: unknown[]) => unknown } {
  return (engine as { JavaScriptCompiler: { prototype: { compile: () => unknown } } }).JavaScriptCompiler
    .prototype;
}
