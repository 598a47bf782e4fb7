/**
 * From a JSON Schema to a function that lists what is wrong with a value: the keywords that the schema of
 * rendering documents uses, and no others; pure.
 *
 * Measured before it was written, on the daemon's V8 flags: Ajv brings 16 MB of memory and 105 ms at the first
 * document, or 245 kB of generated code; @cfworker/json-schema takes 54 ms for 2,000 members, during which
 * nothing else is answered; @exodus/schemasafe is quick, and cannot say which branch of an `anyOf` was meant.
 */
import { describe, type Place, type Problem, pathOf } from "./problem.ts";

/** Lists what is wrong with a value; nothing when it is valid. */
export type Validate = (value: unknown, place: Place) => readonly Problem[];

/** Adds the problems of the value at a place to a list. */
type Check = (value: unknown, place: Place, problems: Problem[]) => void;
type Schema = Readonly<Record<string, unknown>>;
type Members = Readonly<Record<string, unknown>>;
type Compile = (schema: unknown) => Check;
/** Makes the check of one keyword; `undefined` for one that another keyword takes into account. */
type Keyword = (operand: unknown, schema: Schema, compile: Compile) => Check | undefined;

/** A list of more problems is of no use to anybody, and a hostile document could make it long. */
const MOST_COLLECTED = 1_000;
const ACCEPT: Check = () => undefined;

/**
 * @param schema - JSON Schema, draft 2020-12; references within the document only
 * @throws Error when the schema has a keyword that is not known here: it would not be checked
 */
export function compileSchema(schema: unknown): Validate {
  const root = asSchema(schema);
  const compiled = new Map<unknown, Check>();
  const compile: Compile = (part) => {
    const known = compiled.get(part);
    if (known !== undefined) return known;
    const { $ref, ...keywords } = asSchema(part);
    const check =
      $ref === undefined ? compileOne(keywords, compile) : compile(definition(String($ref), root, keywords));
    compiled.set(part, check);
    return check;
  };
  const check = compile(root);
  return (value, place) => {
    const problems: Problem[] = [];
    check(value, place, problems);
    return problems;
  };
}

function compileOne(schema: Schema, compile: Compile): Check {
  const checks = Object.entries(schema).map(([word, operand]) => {
    const keyword = KEYWORDS.get(word);
    if (keyword === undefined) throw new Error(`the schema has the keyword ${word}, which is not supported`);
    return keyword(operand, schema, compile);
  });
  return all(checks.filter((check) => check !== undefined));
}

/** The order of keywords in the schema is the order of problems. */
function all(checks: readonly Check[]): Check {
  const [only] = checks;
  if (only === undefined) return ACCEPT;
  if (checks.length === 1) return only;
  return (value, place, problems) => {
    for (const check of checks) check(value, place, problems);
  };
}

function definition(reference: string, root: Schema, beside: Schema): unknown {
  const name = /^#\/\$defs\/(\w+)$/.exec(reference)?.[1];
  const definitions = asSchema(root.$defs);
  if (name === undefined || !Object.hasOwn(definitions, name) || Object.keys(beside).length > 0) {
    throw new Error(`the schema has a reference to ${reference}, which is not supported`);
  }
  return definitions[name];
}

const IGNORED: Keyword = () => undefined;
const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ...["$schema", "$id", "$defs", "title", "description", "default", "then"].map((word): [string, Keyword] => [
    word,
    IGNORED,
  ]),
  ["type", checkType],
  ["const", (operand) => verdict((value) => value === operand, describe(operand, ""))],
  ["enum", checkEnum],
  ["pattern", (operand) => checkPattern(asText(operand), true)],
  ["minLength", (operand) => checkMinimumLength(Number(operand))],
  ["minimum", checkRange],
  ["maximum", (operand, schema) => (schema.minimum === undefined ? checkRange(operand, schema) : undefined)],
  [
    "minItems",
    (operand) =>
      verdict((value) => !Array.isArray(value) || value.length >= Number(operand), atLeast(operand, "item")),
  ],
  ["items", checkItems],
  ["required", checkRequired],
  ["properties", checkProperties],
  ["additionalProperties", checkAdditional],
  ["allOf", (operand, _schema, compile) => all(asList(operand).map(compile))],
  ["anyOf", checkAnyOf],
  ["not", checkNot],
  ["if", checkIf],
]);

function verdict(isValid: (value: unknown) => boolean, expected: string): Check {
  return (value, place, problems) => {
    if (!isValid(value)) report(value, place, problems, expected);
  };
}

function report(value: unknown, place: Place, problems: Problem[], expected: string): void {
  if (problems.length >= MOST_COLLECTED) return;
  const path = pathOf(place);
  problems.push({ path, expected, found: describe(value, path) });
}

const TYPES: Readonly<Record<string, { readonly words: string; readonly is: (value: unknown) => boolean }>> =
  {
    string: { words: "a string", is: (value) => typeof value === "string" },
    // Beyond these bounds JSON.parse rounds: what is printed would not be what was sent.
    integer: { words: "an integer", is: (value) => Number.isSafeInteger(value) },
    boolean: { words: "true or false", is: (value) => typeof value === "boolean" },
    object: { words: "an object", is: isObject },
    array: { words: "an array", is: Array.isArray },
    null: { words: "null", is: (value) => value === null },
  };

function checkType(operand: unknown): Check {
  const types = (Array.isArray(operand) ? operand : [operand]).map((name: unknown) => {
    const type = TYPES[asText(name)];
    if (type === undefined) throw new Error(`the schema has the type ${name}, which is not supported`);
    return type;
  });
  return verdict((value) => types.some(({ is }) => is(value)), types.map(({ words }) => words).join(" or "));
}

function checkEnum(operand: unknown): Check {
  const values = asList(operand);
  const set = new Set(values);
  return verdict((value) => set.has(value), `one of ${values.map(String).join(", ")}`);
}

/** What the patterns of the schema are for. */
const PATTERN_WORDS: ReadonlyMap<string, string> = new Map([
  ["^[A-Za-z0-9_.-]+$", "an id of letters, digits, _, . and -"],
  ["^/", "an absolute path"],
  ["^/.*[^/]$", "an absolute path without / at its end"],
  ["^[0-9]+(\\.[0-9]+)*$", "numbers separated by dots"],
  ["[\\u0000\\r\\n]", "a line break or NUL character"],
]);

function checkPattern(pattern: string, isWanted: boolean): Check {
  const regExp = new RegExp(pattern, "u");
  const words = PATTERN_WORDS.get(pattern) ?? `text that matches ${pattern}`;
  return verdict(
    (value) => typeof value !== "string" || regExp.test(value) === isWanted,
    isWanted ? words : `text without ${words}`,
  );
}

function checkMinimumLength(length: number): Check {
  return verdict(
    (value) => typeof value !== "string" || value.length >= length,
    atLeast(length, "character"),
  );
}

function checkRange(_operand: unknown, { minimum, maximum }: Schema): Check {
  const [low, high] = [Number(minimum ?? -Infinity), Number(maximum ?? Infinity)];
  const words =
    minimum === undefined
      ? `at most ${high}`
      : maximum === undefined
        ? `at least ${low}`
        : `${low} to ${high}`;
  return verdict((value) => typeof value !== "number" || (value >= low && value <= high), words);
}

function checkItems(operand: unknown, _schema: Schema, compile: Compile): Check {
  const check = compile(operand);
  return (value, parent, problems) => {
    if (!Array.isArray(value)) return;
    value.forEach((item: unknown, key) => {
      check(item, { parent, key }, problems);
    });
  };
}

/** What a missing property should be, its own schema knows. */
function checkRequired(operand: unknown, { properties = {} }: Schema, compile: Compile): Check {
  const checks = asList(operand).map((name) => {
    const schema = asSchema(properties)[asText(name)];
    return [asText(name), schema === undefined ? ACCEPT : compile(schema)] as const;
  });
  return (value, parent, problems) => {
    if (!isObject(value)) return;
    for (const [key, check] of checks) {
      if (Object.hasOwn(value, key)) continue;
      const before = problems.length;
      check(undefined, { parent, key }, problems);
      if (problems.length === before) report(undefined, { parent, key }, problems, "a value");
    }
  };
}

function checkProperties(operand: unknown, _schema: Schema, compile: Compile): Check {
  const checks = Object.entries(asSchema(operand)).map(([key, schema]) => [key, compile(schema)] as const);
  return (value, parent, problems) => {
    if (!isObject(value)) return;
    for (const [key, check] of checks) {
      if (Object.hasOwn(value, key)) check(value[key], { parent, key }, problems);
    }
  };
}

function checkAdditional(operand: unknown, schema: Schema, compile: Compile): Check | undefined {
  if (operand === true) return undefined;
  const known = new Set(Object.keys(asSchema(schema.properties ?? {})));
  const none = `no such property (there are ${[...known].join(", ")})`;
  const check: Check =
    operand === false ? (value, place, problems) => report(value, place, problems, none) : compile(operand);
  return (value, parent, problems) => {
    if (!isObject(value)) return;
    for (const key of Object.keys(value)) {
      if (!known.has(key)) check(value[key], { parent, key }, problems);
    }
  };
}

/** Of a value that may be null, only the problems of the other branch are of interest. */
function checkAnyOf(operand: unknown, _schema: Schema, compile: Compile): Check {
  const branches = asList(operand);
  const others = branches.filter((branch) => asSchema(branch).type !== "null").map(compile);
  const isNullable = others.length < branches.length;
  return (value, place, problems) => {
    if (isNullable && value === null) return;
    let told: readonly Problem[] | undefined;
    for (const check of others) {
      const found: Problem[] = [];
      check(value, place, found);
      if (found.length === 0) return;
      told = told === undefined ? found : undefined;
    }
    if (others.length === 1) problems.push(...(told ?? []));
    else report(value, place, problems, alternatives(branches));
  };
}

function alternatives(branches: readonly unknown[]): string {
  const names = branches.flatMap((branch) => asList(asSchema(branch).required ?? []).map(String));
  return `at least one of the properties ${names.join(", ")}`;
}

/** The schema forbids characters in this way, and nothing else. */
function checkNot(operand: unknown): Check {
  const { type, pattern, ...rest } = asSchema(operand);
  if (type !== "string" || Object.keys(rest).length > 0)
    throw new Error("the schema has a `not` that is not supported");
  return checkPattern(asText(pattern), false);
}

function checkIf(operand: unknown, schema: Schema, compile: Compile): Check {
  const [condition, consequence] = [compile(operand), compile(schema.then ?? {})];
  return (value, place, problems) => {
    const found: Problem[] = [];
    condition(value, place, found);
    if (found.length === 0) consequence(value, place, problems);
  };
}

function atLeast(count: unknown, what: string): string {
  return `at least ${count} ${what}${Number(count) === 1 ? "" : "s"}`;
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asSchema(value: unknown): Schema {
  if (isObject(value)) return value;
  throw new Error(`the schema has ${JSON.stringify(value)} in place of an object`);
}

function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`the schema has ${JSON.stringify(value)} in place of an array`);
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  throw new Error(`the schema has ${JSON.stringify(value)} in place of a string`);
}
