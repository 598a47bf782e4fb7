/** Pieces of JSON Schema, as the description of the API uses them. */

export const string = { type: "string" };
export const integer = { type: "integer" };
export const number = { type: "number" };
export const boolean = { type: "boolean" };
export const moment = { type: "string", format: "date-time" };

/** Null stands for a value that is not there. */
export function optional<Schema extends { type: string }>(schema: Schema): object {
  return { ...schema, type: [schema.type, "null"] };
}

export function object(properties: Record<string, object>, required = Object.keys(properties)) {
  return { type: "object", properties, required, additionalProperties: false };
}

export function list(items: object) {
  return { type: "array", items };
}

export function oneOf(...words: readonly string[]) {
  return { type: "string", enum: words };
}

export function reference(kind: string, name: string): object {
  return { $ref: `#/components/${kind}/${name}` };
}
