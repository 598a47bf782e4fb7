import assert from "node:assert/strict";
import { test } from "node:test";
import { type Board, renderBoard, stepLine } from "../../../agent/sandbox/render-board.ts";

const LISTENER = "11111111-1111-4111-8111-111111111111";
const HEALTH = {
  ...{ received: 12, onTime: 11, rejected: 0, lastProblem: undefined, longestSilenceMs: 2100 },
  connections: 40,
};

function aBoard(changes: Partial<Board> = {}): Board {
  return {
    steps: [
      { title: "the agent starts", state: "done", detail: "first answer after 300 ms", seconds: 0.42 },
      { title: "the VIP is plugged", state: "running", detail: "", seconds: 1 },
      { title: "a listener is created", state: "waiting", detail: "", seconds: 0 },
    ],
    heartbeat: {
      ...{ amphoraId: "a", sequence: 3 },
      listeners: new Map([[LISTENER, { status: "OPEN", newConnections: 4 }]]),
      pools: new Map([[`pool:${LISTENER}`, { status: "UP", members: new Map([["m1", "DOWN"]]) }]]),
    },
    health: HEALTH,
    names: new Map([
      ["m1", "backend1, 10.0.0.11"],
      ["pool", "round robin"],
    ]),
    traffic: { answersPerSecond: 49.6, sent: 100, failed: 0, byBackend: { backend1: 60, backend2: 40 } },
    lastCall: { method: "PUT", path: `/1.0/loadbalancer/${LISTENER}/reload`, status: 202, durationMs: 35.4 },
    notes: [],
    ...changes,
  };
}

test("shows steps, states, traffic, heartbeats and the last call", () => {
  const text = renderBoard(aBoard(), 80).join("\n");
  assert.match(text, /✓ the agent starts +0\.4 s {2}first answer after 300 ms/);
  assert.match(text, /> the VIP is plugged/);
  assert.match(text, /pool +round robin +UP/);
  assert.match(text, /member +backend1, 10\.0\.0\.11 +DOWN/);
  assert.match(text, /requests +50\/s +100 sent, 0 failed {2}backend1 60 {2}backend2 40/);
  assert.match(text, /heartbeats 12 received, 11 on time, 0 rejected/);
  assert.match(text, /PUT \/1\.0\/loadbalancer\/1111\.\.11\/reload 202, 35 ms/);
});

test("shows the id of what it has no name for", () => {
  assert.match(renderBoard(aBoard(), 80).join("\n"), new RegExp(`listener +${LISTENER} +OPEN`));
});

test("says so when there was no heartbeat yet, and when there is nothing to report", () => {
  assert.match(renderBoard(aBoard({ heartbeat: undefined }), 80).join("\n"), /no heartbeat yet/);
  const empty = { amphoraId: "a", sequence: 1, listeners: new Map(), pools: new Map() };
  assert.match(renderBoard(aBoard({ heartbeat: empty }), 80).join("\n"), /no listeners/);
});

test("never writes a line longer than the terminal is wide", () => {
  const notes = ["x".repeat(300)];
  for (const width of [20, 80]) {
    const longest = Math.max(...renderBoard(aBoard({ notes }), width).map((line) => line.length));
    assert.equal(longest, width);
  }
});

test("marks a failed step and tells why", () => {
  const line = stepLine({ title: "reloads", state: "failed", detail: "3 requests failed", seconds: 12 });
  assert.match(line, /^ ✗ reloads +12\.0 s {2}3 requests failed$/);
});
