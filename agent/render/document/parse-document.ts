/** From received bytes to a rendering document that its schema accepts (docs/contract/rendering.md, section 1); pure. */
import schema from "../../../docs/contract/rendering.schema.json" with { type: "json" };
import { compileSchema, type Validate } from "./compile-schema.ts";
import { DocumentError, ROOT } from "./problem.ts";
import type { RenderingDocument } from "./types.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true });
let validate: Validate | undefined;

/**
 * @param bytes - UTF-8 JSON
 * @throws DocumentError when it is not JSON, or not as the schema wants it
 */
export function parseDocument(bytes: Uint8Array): RenderingDocument {
  return checkDocument(parseJson(bytes));
}

/**
 * The same for a document that is parsed already.
 * @throws DocumentError when it is not as the schema wants it
 */
export function checkDocument(value: unknown): RenderingDocument {
  validate ??= compileSchema(schema);
  const problems = validate(value, ROOT);
  if (problems.length > 0) throw new DocumentError(problems);
  return value as RenderingDocument;
}

/**
 * @throws DocumentError when the bytes are not JSON in UTF-8
 */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch (error) {
    if (error instanceof TypeError) throw notJson("bytes that are not UTF-8");
    if (error instanceof SyntaxError) throw notJson(withoutExcerpt(error.message));
    throw error;
  }
}

function notJson(found: string): DocumentError {
  return new DocumentError([{ path: "$", expected: "a JSON document in UTF-8", found }]);
}

/** The parser quotes what stands around the mistake, which may be a password. */
function withoutExcerpt(message: string): string {
  return message.replace(/, (?:\.\.\.)?".*is not valid JSON$/s, "");
}
