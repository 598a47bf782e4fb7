/**
 * From a view to text, with the templates of one kind of document.
 *
 * Conventions of these templates, in one place:
 * - `templates/<kind>.hbs` is the whole text, `templates/<kind>/*.hbs` are its partials. A tag of a block or partial
 *   stands alone on its line, at the left margin, and leaves no line behind; everything else stands as it prints.
 * - An option of a line has a template line of its own, which begins with `{{~`: it continues the line above.
 * - `{{#trimmed}}` is around a line whose trailing blanks are removed, `{{#stripped}}` around a part of a line that
 *   begins and ends without.
 * - Views are made of plain objects, arrays, strings, numbers and booleans. Every string that a tag prints is escaped
 *   here; nothing is escaped anywhere else (docs/contract/rendering.md, 3.1). A number or text that is not there is
 *   undefined, and asked for with `if` or `with` first: to print what a view does not have is an error.
 * - `path` of a view's object is the JSON path of the part of the document that it was made of; see explain.ts.
 */
import { optimiseFromNowOn } from "../system/optimisation.ts";
import { readTemplate, readTemplates } from "../templates.ts";
import type { DocumentKind } from "./document/types.ts";
import { encodeMark, MARK_HELPER, markLines } from "./explain.ts";
import { stripBlanks, trimBlanks } from "./text.ts";
import { compilePlainViews, PLAIN_VIEWS, type PlainViewData } from "./view-compiler.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&#34;",
};
const MARKUP = /[&<>'"]/;
const ALL_MARKUP = /[&<>'"]/g;

const PRINTED: PlainViewData = { print };

type Compiled = Promise<HandlebarsTemplateDelegate>;
const plain = new Map<DocumentKind, Compiled>();
const marked = new Map<DocumentKind, Compiled>();

/**
 * Templates of a kind are read and compiled when it is rendered for the first time.
 * @param view - is not kept, and not changed
 * @throws Error when a template names a value that the view does not have
 */
export async function renderText(kind: DocumentKind, view: object): Promise<string> {
  const template = await compileOnce(plain, kind, (source) => source);
  return template(view, { data: PRINTED });
}

/** The same, with a mark on each line that tells where it comes from (explain.ts). */
export async function renderMarkedText(kind: DocumentKind, view: object): Promise<string> {
  const template = await compileOnce(marked, kind, markLines);
  return template(view, { data: PRINTED });
}

function compileOnce(
  cache: Map<DocumentKind, Compiled>,
  kind: DocumentKind,
  prepare: (source: string) => string,
): Compiled {
  const known = cache.get(kind);
  if (known) return known;
  const compiled = compile(kind, prepare);
  cache.set(kind, compiled);
  return compiled;
}

async function compile(kind: DocumentKind, prepare: (source: string) => string): Compiled {
  // Thousands of members are worth it, and who renders once will do so again.
  optimiseFromNowOn();
  const { default: Handlebars } = await import("handlebars");
  const engine = Handlebars.create();
  compilePlainViews(engine);
  engine.registerHelper("trimmed", trimmed);
  engine.registerHelper("stripped", stripped);
  engine.registerHelper(MARK_HELPER, mark);
  const options: CompileOptions = {
    ...PLAIN_VIEWS,
    knownHelpers: { trimmed: true, stripped: true, [MARK_HELPER]: true },
  };
  const sources = await readTemplates(kind);
  for (const [name, source] of sources)
    engine.registerPartial(name, engine.compile(prepare(withPartials(source, sources)), options));
  return engine.compile(prepare(withPartials(await readTemplate(kind), sources)), options);
}

/** A partial in the same context, alone on its line: what calling it costs is saved by putting its text there. */
const OWN_LINE_PARTIAL = /^\{\{> ([\w/-]+)\}\}\n/gm;

function withPartials(source: string, sources: ReadonlyMap<string, string>): string {
  return source.replace(OWN_LINE_PARTIAL, (tag, name: string) => {
    const partial = sources.get(name);
    return partial === undefined ? tag : withPartials(partial, sources);
  });
}

/** Block helper: the one line inside it, without trailing blanks. */
function trimmed(this: unknown, { fn }: Handlebars.HelperOptions): string {
  return `${trimBlanks(fn(this))}\n`;
}

/** Block helper: a part of a line, without blanks at its ends. */
function stripped(this: unknown, { fn }: Handlebars.HelperOptions): string {
  return stripBlanks(fn(this));
}

/** Helper that only marked templates have. */
function mark(this: unknown): string {
  return encodeMark(this);
}

/** What a tag prints. @throws Error when the view has nothing there */
function print(value: unknown): string {
  if (typeof value === "string") return escapeMarkup(value);
  if (typeof value === "number") return String(value);
  throw new Error(`a template prints ${String(value)}, which is neither a text nor a number`);
}

function escapeMarkup(text: string): string {
  return MARKUP.test(text) ? text.replace(ALL_MARKUP, (character) => ENTITIES[character] ?? character) : text;
}
