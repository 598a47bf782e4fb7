import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { pino } from "pino";
import { createMetrics } from "../../../agent/metrics/activation.ts";
import { FakeClock } from "../heartbeat/fake-clock.ts";

function someMetrics() {
  const clock = new FakeClock();
  const state = {
    wanted: false,
    refused: false,
    open: 0,
    opened: 0,
    lose: (_error: Error): void => undefined,
  };
  const lines: string[] = [];
  const metrics = createMetrics({
    isWanted: async () => state.wanted,
    async open(_log, onLost) {
      state.opened += 1;
      if (state.refused) throw Object.assign(new Error("no namespace"), { code: "ENOENT" });
      state.open += 1;
      state.lose = (error) => {
        state.open -= 1;
        onLost(error);
      };
      return {
        async close() {
          state.open -= 1;
        },
      };
    },
    clock,
    log: pino({ base: null }, { write: (line: string) => void lines.push(line) }),
  });
  return {
    state,
    metrics,
    clock,
    failures: () => lines.filter((line) => line.includes("metrics.start.failed")).length,
  };
}

suite("when metrics are served", () => {
  test("while a configuration wants them, and from one place only", async () => {
    const { state, metrics, clock } = someMetrics();
    metrics.refresh();
    await clock.advance(10);
    assert.equal(state.opened, 0);
    state.wanted = true;
    metrics.refresh();
    metrics.refresh();
    await clock.advance(10);
    assert.deepEqual([state.open, state.opened], [1, 1]);
    state.wanted = false;
    metrics.refresh();
    await clock.advance(10);
    assert.equal(state.open, 0);
  });

  test("every second is tried until there is a namespace, which is one line of the log", async () => {
    const { state, metrics, clock, failures } = someMetrics();
    Object.assign(state, { wanted: true, refused: true });
    metrics.refresh();
    await clock.advance(3_500);
    assert.equal(state.opened, 4);
    assert.equal(failures(), 1);
    state.refused = false;
    await clock.advance(1_000);
    assert.equal(state.open, 1);
  });

  test("one that ends by itself is started again", async () => {
    const { state, metrics, clock } = someMetrics();
    state.wanted = true;
    metrics.refresh();
    await clock.advance(10);
    state.lose(new Error("out of memory"));
    await clock.advance(1_100);
    assert.deepEqual([state.open, state.opened], [1, 2]);
  });

  test("after the end nothing is served or tried any more", async () => {
    const { state, metrics, clock } = someMetrics();
    state.wanted = true;
    metrics.refresh();
    await clock.advance(10);
    await metrics.close();
    assert.equal(state.open, 0);
    metrics.refresh();
    await clock.advance(5_000);
    assert.deepEqual([state.open, state.opened], [0, 1]);
  });
});
