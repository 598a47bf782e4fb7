/** `amphora render`: configuration text from rendering documents, on any machine (docs/rendering.md). */
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { AgentError, asError, systemErrorCode } from "../errors.ts";
import { checkDocument, parseDocument, parseJson } from "../render/document/parse-document.ts";
import { refuse } from "../render/document/problem.ts";
import type { DocumentKind, RenderingDocument } from "../render/document/types.ts";
import { encodeExplanation } from "../render/explain.ts";
import { bytesFrom, linesOf, readAll } from "../system/lines.ts";

/** A load balancer with 500 listeners and 5,000 members has 3 MB. */
const LONGEST_DOCUMENT = 64 * 1024 * 1024;
const FAILED = 1;
const NOT_ACCEPTED = 3;

export interface RenderSettings {
  /** The only kind of document to take; any when undefined. */
  readonly kind: DocumentKind | undefined;
  /** Standard input when undefined. */
  readonly file: string | undefined;
  /** One `{"name", "document"}` per line. */
  readonly jsonl: boolean;
  /** Ask the program that the text is for. */
  readonly check: boolean;
  /** Say where each line comes from. */
  readonly explain: boolean;
}

/**
 * @returns exit code: 0 done, 1 a document was refused or not read, 3 the program that the text is for does not
 * accept it
 */
export async function renderCommand(settings: RenderSettings): Promise<number> {
  try {
    return await (settings.jsonl ? renderLines(settings) : renderOne(settings));
  } catch (error) {
    // Whoever reads the output has seen enough.
    if (systemErrorCode(error) === "EPIPE") return 0;
    console.error(`amphora render: ${wordsOf(error)}`);
    return FAILED;
  }
}

async function renderOne(settings: RenderSettings): Promise<number> {
  const document = parseDocument(await readAll(bytesFrom(settings.file), LONGEST_DOCUMENT));
  const { output, objection } = await render(document, settings);
  await print([output]);
  if (objection === undefined) return 0;
  console.error(`amphora render: ${objection}`);
  return NOT_ACCEPTED;
}

/** Each line has its answer, so that a document that is refused does not end the others. */
async function renderLines(settings: RenderSettings): Promise<number> {
  await print(answers(settings));
  return 0;
}

async function* answers(settings: RenderSettings): AsyncGenerator<string> {
  for await (const line of linesOf(bytesFrom(settings.file), LONGEST_DOCUMENT)) {
    if (line.length > 0) yield `${JSON.stringify(await answer(line, settings))}\n`;
  }
}

async function answer(line: Buffer, settings: RenderSettings): Promise<object> {
  let name: unknown = null;
  try {
    const item = parseJson(line);
    if (typeof item !== "object" || item === null)
      throw refuse("$", "an object with name and document", item);
    name = "name" in item ? item.name : null;
    const document = checkDocument("document" in item ? item.document : undefined);
    const { output, objection } = await render(document, settings);
    return objection === undefined ? { name, output } : { name, error: objection };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { name, error: wordsOf(error) };
  }
}

interface Rendered {
  readonly output: string;
  /** Of the program that the text is for. */
  readonly objection: string | undefined;
}

async function render(document: RenderingDocument, settings: RenderSettings): Promise<Rendered> {
  const { kind, check, explain } = settings;
  if (kind !== undefined && document.kind !== kind) throw refuse("$.kind", kind, document.kind);
  const { explainDocument, renderDocument } = await import("../render/documents.ts");
  const text = await renderDocument(document);
  const objection = check ? await (await import("./render-check.ts")).objectionTo(text, document) : undefined;
  return { output: explain ? encodeExplanation(await explainDocument(document)) : text, objection };
}

/** Waits while the reader is slower: documents are read as fast as their text is taken. */
function print(texts: Iterable<string> | AsyncIterable<string>): Promise<void> {
  return pipeline(texts, process.stdout, { end: false });
}

function wordsOf(error: unknown): string {
  return (error instanceof AgentError ? error.details : undefined) ?? asError(error).message;
}
