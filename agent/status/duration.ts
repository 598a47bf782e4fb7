/** Lengths of time for people. */

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** In the largest unit that there are two of: `90 min`, `3 d`; seconds for less. */
export function duration(milliseconds: number): string {
  const [unit, size] = UNITS.find(([, one]) => milliseconds >= 2 * one) ?? (["s", 1_000] as const);
  return `${Math.max(0, Math.floor(milliseconds / size))} ${unit}`;
}
