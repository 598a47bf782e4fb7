/** The path of a request, brought into the one form that the routes match. */

/**
 * Decodes a request target before it is matched, so that `%2F` separates segments like `/` does, and
 * encodes each segment again for the router, which decodes it once more.
 *
 * Slashes in front count as one: controllers ask for the version at `//`. Bytes that are not UTF-8 become
 * U+FFFD, and a `%` without two hex digits stands for itself (docs/contract/rest-api.md, 1.2 and 3.4).
 * @param target - path or absolute URL of the request line, with or without a query
 */
export function canonicalPath(target: string): string {
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").replace(/[?#].*$/s, "");
  const bytes = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const decoded = Buffer.from(bytes, "latin1").toString("utf8");
  return `/${decoded.replace(/^\/+/, "").split("/").map(encodeURIComponent).join("/")}`;
}
