import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { encodeLoad } from "../../../agent/metrics/encode-load.ts";

function figures(loadAverage: number, cpuCount: number, memoryUsedPercent: number): string[] {
  const lines = encodeLoad({ loadAverage, cpuCount, memoryUsedPercent }).split("\n");
  assert.equal(lines.length, 7);
  return [lines[2] ?? "", lines[5] ?? ""];
}

suite("the machine's load", () => {
  test("has one decimal, of two that are as near the even one", () => {
    const cases = [
      [0.25, 4, 6.75, "6.2", "6.8"],
      [3, 4, 0.25, "75.0", "0.2"],
      [0.37, 2, 41.26, "18.5", "41.3"],
      [8, 1, 100, "800.0", "100.0"],
    ] as const;
    for (const [load, cpus, memory, cpuText, memoryText] of cases) {
      assert.deepEqual(figures(load, cpus, memory), [
        `octavia_loadbalancer_cpu ${cpuText}`,
        `octavia_loadbalancer_memory ${memoryText}`,
      ]);
    }
  });
});
