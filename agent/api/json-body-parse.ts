/** Bodies of the JSON routes. */

export type JsonBody = { readonly value: unknown } | { readonly problem: string };

/** RFC 6838 calls for the type in any case; parameters, a charset included, are ignored. */
const JSON_MEDIA_TYPE = /^application\/(?:[^\s;/]+\+)?json\s*(?:;|$)/i;
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * @returns the value, or why there is none; the reason is for the log only, since the contract discloses
 * none to the client (docs/contract/rest-api.md, 1.3)
 */
export function parseJsonBody(contentType: string | undefined, bytes: Uint8Array): JsonBody {
  if (!JSON_MEDIA_TYPE.test(contentType ?? "")) return { problem: "the media type is not JSON" };
  try {
    return { value: JSON.parse(UTF8.decode(bytes)) };
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: "the body is not JSON" };
    if (error instanceof TypeError) return { problem: "the body is not UTF-8" };
    throw error;
  }
}
