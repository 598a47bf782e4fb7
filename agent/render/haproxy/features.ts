/** What the HAProxy that will load a text can do (docs/contract/rendering.md, 1.3); pure. */
import type { FeatureName, Haproxy } from "../document/types.ts";

export type Features = Readonly<Record<FeatureName, boolean>>;

/** A document says what it wants of each feature, or the version decides. */
export function featuresOf({ version, features }: Haproxy): Features {
  const own = parseVersion(version ?? "");
  const since = (...needed: number[]) => own.length > 0 && isAtLeast(own, needed);
  return {
    http_reuse: features?.http_reuse ?? since(1, 6),
    server_state_file: features?.server_state_file ?? since(1, 6),
    pool_alpn: features?.pool_alpn ?? since(1, 9),
    prometheus: features?.prometheus ?? since(2),
    insecure_fork: features?.insecure_fork ?? since(2, 2),
  };
}

function parseVersion(version: string): readonly number[] {
  return version === "" ? [] : version.split(".").map(Number);
}

/** Number by number; missing ones are zero. */
function isAtLeast(own: readonly number[], needed: readonly number[]): boolean {
  const index = needed.findIndex((number, position) => number !== (own[position] ?? 0));
  return index === -1 || (own[index] ?? 0) > (needed[index] ?? 0);
}
