/** docs/openapi.json, and whether a value is as it says. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly minProperties?: number;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
}
export interface Response {
  readonly $ref?: string;
  readonly headers?: object;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}
export interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly $ref: string }[];
  readonly requestBody?: {
    readonly description: string;
    readonly content: Readonly<Record<string, unknown>>;
  };
  readonly responses: Readonly<Record<string, Response>>;
}

export const document = JSON.parse(
  await readFile(new URL("../../../docs/openapi.json", import.meta.url), "utf8"),
) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

/** What `#/a/b` names. */
export function resolve<T>(item: T & { readonly $ref?: string }): T {
  if (item.$ref === undefined) return item;
  const found = item.$ref
    .slice(2)
    .split("/")
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
  assert.ok(found, `${item.$ref} is not there`);
  return found as T;
}

/** The part of JSON Schema that the document uses. @returns what does not fit */
export function misfit(schema: Schema, value: unknown, where = "body"): string | undefined {
  const { type, enum: values, properties = {}, required = [], items, oneOf, ...rest } = resolve(schema);
  if (oneOf) {
    const fitting = oneOf.filter((one) => misfit(one, value) === undefined);
    return fitting.length === 1 ? undefined : `${where} fits ${fitting.length} of the schemas`;
  }
  const kinds = [type ?? []].flat();
  if (!kinds.includes(kindOf(value)) && !(kinds.includes("number") && kindOf(value) === "integer")) {
    return `${where} is of type ${kindOf(value)}`;
  }
  if (values && !values.includes(value)) return `${where} is ${String(value)}`;
  if (Array.isArray(value)) return items && firstOf(value, (item) => misfit(items, item, `${where}[]`));
  if (kindOf(value) !== "object") return undefined;
  const members = Object.entries(value as object);
  if (members.length < (rest.minProperties ?? 0)) return `${where} is empty`;
  const missing = required.find((key) => !members.some(([name]) => name === key));
  if (missing !== undefined) return `${where}.${missing} is missing`;
  return firstOf(members, ([name, member]) => {
    const known = properties[name] ?? rest.additionalProperties;
    if (known === false) return `${where}.${name} is unknown`;
    return known && misfit(known, member, `${where}.${name}`);
  });
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function firstOf<T>(list: readonly T[], problem: (item: T) => string | undefined): string | undefined {
  for (const item of list) {
    const found = problem(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
