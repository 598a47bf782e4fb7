/** JSON with integers that are exact at every size; the controller's are Python's (docs/contract/heartbeat.md, section 3). */

declare global {
  // ECMAScript 2026, "JSON.parse source text access".
  interface JSON {
    rawJSON(text: string): object;
    parse(
      text: string,
      reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

/**
 * Like `JSON.stringify`, with bigint written as a number.
 * @param indent - spaces per level; everything on one line without
 */
export function stringifyExact(value: unknown, indent?: number): string {
  const exact = (_key: string, item: unknown) =>
    typeof item === "bigint" ? JSON.rawJSON(String(item)) : item;
  return JSON.stringify(value, exact, indent);
}

/**
 * Like `JSON.parse`; an integer that a double cannot hold becomes a bigint.
 * @throws SyntaxError
 */
export function parseExact(text: string): unknown {
  return JSON.parse(text, (_key, value, { source }) => {
    const isRounded = typeof value === "number" && !Number.isSafeInteger(value);
    return isRounded && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
  });
}
