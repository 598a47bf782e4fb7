/** The name under which an amphora appears in the `peers` section. */
import { createHash } from "node:crypto";

/**
 * Must equal the `peer` line that the controller wrote (docs/contract/rest-api.md, 2.2). This is not
 * the URL-safe alphabet of RFC 4648, section 5: `+` and `/` are replaced the other way round.
 */
export function peerName(amphoraId: string): string {
  const digest = createHash("sha1").update(amphoraId, "utf8").digest("base64");
  return digest.replaceAll("+", "_").replaceAll("/", "-").replace(/^-/, "x").replace(/=+$/, "");
}
