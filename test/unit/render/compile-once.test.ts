import assert from "node:assert/strict";
import { mock, test } from "node:test";
import Handlebars from "handlebars";
import { renderDocument } from "../../../agent/render/documents.ts";
import { largeDocument } from "../../bench/rendering-document.ts";

test("templates are compiled with the first document of a kind, and never again", async () => {
  const create = mock.method(Handlebars, "create");
  const document = largeDocument();
  const texts = await Promise.all([renderDocument(document), renderDocument(document)]);
  texts.push(await renderDocument(document));
  assert.equal(create.mock.callCount(), 1);
  assert.equal(new Set(texts).size, 1);
});
