/** Rows for tests of `amphora top`. */
import type { ListenerRow, MemberRow, View } from "../../../agent/top/types.ts";

export function aMember(row: Partial<MemberRow> = {}): MemberRow {
  return {
    key: "pool:listener member",
    id: "33333333-0000-4333-8333-333333333333",
    pool: "22222222-2222-4222-8222-222222222222",
    address: "10.0.0.10:8080",
    state: "UP",
    connections: 5,
    queue: 0,
    latencyMs: 12,
    requests: 1_000,
    errors: 1,
    requestRate: 123.44,
    errorRate: 0,
    history: [0, 50, 100],
    ...row,
  };
}

export function aListener(row: Partial<ListenerRow> = {}): ListenerRow {
  return {
    id: "11111111-1111-4111-8111-111111111111",
    state: "OPEN",
    connections: 12,
    requests: 5_000,
    errors: 0,
    requestRate: 250,
    errorRate: 0.5,
    history: [100, 200],
    ...row,
  };
}

export const VIEW: View = { sort: "requests", ascending: false, offset: 0, paused: false };
