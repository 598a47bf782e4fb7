/** Cipher strings, versions and ALPN of listeners and pools (docs/contract/rendering.md, 3.4 and 3.5); pure. */
import type { TlsVersion } from "../document/types.ts";

const VALID_CIPHERS = /^[A-Za-z0-9\-+!:@=_.]+$/;

/** In the order in which they are printed. */
const REFUSALS: readonly (readonly [TlsVersion, string])[] = [
  ["SSLv3", "no-sslv3"],
  ["TLSv1", "no-tlsv10"],
  ["TLSv1.1", "no-tlsv11"],
  ["TLSv1.2", "no-tlsv12"],
  ["TLSv1.3", "no-tlsv13"],
];

interface Given {
  readonly tls_ciphers?: string | null | undefined;
  readonly tls_versions?: readonly TlsVersion[] | null | undefined;
  readonly alpn_protocols?: readonly string[] | null | undefined;
}

/** @param fallback - in place of a cipher string that is not valid */
export function ciphersView({ tls_ciphers }: Given, fallback: string): { list: string } | undefined {
  if (tls_ciphers == null) return undefined;
  return { list: VALID_CIPHERS.test(tls_ciphers) ? tls_ciphers : fallback };
}

/** @returns words for the versions that are not wanted */
export function refusedVersions({ tls_versions }: Given): readonly string[] {
  if (!tls_versions) return [];
  return REFUSALS.filter(([version]) => !tls_versions.includes(version)).map(([, word]) => word);
}

/** An empty list is not the same as none: it leaves the bare option. */
export function alpnView({ alpn_protocols }: Given): { names: string } | undefined {
  return alpn_protocols ? { names: alpn_protocols.join(",") } : undefined;
}
