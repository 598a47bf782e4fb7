/** One series of Prometheus' as a graph: what its own page would draw, by its own figures. */

export interface Range {
  readonly query: string;
  /** Seconds since 1970, and the value as text, as `query_range` answers. */
  readonly values: readonly (readonly [number, string])[];
}

const [WIDTH, HEIGHT] = [650, 220];
const AREA = { left: 56, right: 12, top: 30, bottom: 26 } as const;
const TICKS = 4;

/** @throws Error without two points */
export function drawGraph({ query, values }: Range): string {
  const [first, last] = [values.at(0), values.at(-1)];
  if (!first || !last || values.length < 2) throw new Error(`${query}: nothing to draw`);
  const numbers = values.map(([, value]) => Number(value));
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const x = (time: number) =>
    AREA.left + ((time - first[0]) / (last[0] - first[0])) * (WIDTH - AREA.left - AREA.right);
  const y = (value: number) =>
    HEIGHT - AREA.bottom - ((value - low) / (high - low || 1)) * (HEIGHT - AREA.top - AREA.bottom);
  const points = values.map(([time, value]) => `${x(time).toFixed(1)},${y(Number(value)).toFixed(1)}`);
  const steps = Array.from({ length: TICKS + 1 }, (_, index) => index / TICKS);
  const grid = steps.map((part) => {
    const value = low + part * (high - low);
    const at = y(value).toFixed(1);
    return `<path d="M${AREA.left} ${at}H${WIDTH - AREA.right}" stroke="#ddd"/><text x="${AREA.left - 6}" y="${at}" text-anchor="end" dominant-baseline="middle">${Number(value.toFixed(1))}</text>`;
  });
  const times = steps.map((part) => {
    const time = first[0] + part * (last[0] - first[0]);
    const label = new Date(time * 1_000).toISOString().slice(11, 19);
    return `<text x="${x(time).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="middle">${label}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">
<style>text { font: 11px sans-serif; fill: #333 }</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${AREA.left}" y="18">${query} (drawn from query_range)</text>
${[...grid, ...times].join("\n")}
<polyline points="${points.join(" ")}" fill="none" stroke="#e6522c" stroke-width="1.5"/>
</svg>
`;
}
