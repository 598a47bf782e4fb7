/** The checksum of zlib streams (RFC 1950, section 8.2), which Node does not hand out, for texts that are put together. */

/** The largest prime below 65,536. */
const BASE = 65_521;
/** Bytes whose sums stay within 31 bits, which are added fastest, from any checksum on. */
const AT_ONCE = 2_048;

/** @param from - first byte that counts */
export function adler32(bytes: Uint8Array, from = 0): number {
  let low = 1;
  let high = 0;
  for (let start = from; start < bytes.length; start += AT_ONCE) {
    const end = Math.min(bytes.length, start + AT_ONCE);
    for (let at = start; at < end; at += 1) {
      low += bytes[at] ?? 0;
      high += low;
    }
    low %= BASE;
    high %= BASE;
  }
  return joined(low, high);
}

/**
 * @param first - checksum of what comes first
 * @param second - of what follows
 * @param bytes - how many follow, less than 4 GB
 * @returns the checksum of both
 */
export function joinedAdler32(first: number, second: number, bytes: number): number {
  const low = (first & 0xffff) + BASE - 1;
  const high = (first >>> 16) + (second >>> 16) + (bytes % BASE) * low;
  return joined((low + (second & 0xffff)) % BASE, high % BASE);
}

function joined(low: number, high: number): number {
  return ((high << 16) | low) >>> 0;
}
