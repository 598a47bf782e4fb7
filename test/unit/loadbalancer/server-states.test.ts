import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { ServerStates } from "../../../agent/loadbalancer/server-states.ts";

const HEADER =
  "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight " +
  "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state " +
  "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr " +
  "srv_agent_addr srv_agent_port";

interface Row {
  readonly name?: string;
  readonly op?: number;
  readonly admin?: number;
  readonly weight?: number;
  readonly seconds?: number;
  readonly status?: number;
  readonly result?: number;
  readonly health?: number;
  readonly state?: number;
  readonly agent?: number;
}

/** A member that is checked, as HAProxy 2.6 shows it. */
function row(values: Row = {}): string {
  const { name = "member", op = 2, admin = 0, weight = 1, seconds = 12, agent = 0 } = values;
  const { status = 15, result = 3, health = 4, state = 6 } = values;
  const check = `${status} ${result} ${health} ${state} ${agent}`;
  return `3 pool:listener 1 ${name} 10.0.0.1 ${op} ${admin} ${weight} 1 ${seconds} ${check} 0 0 - 80 - 0 0 - - 0`;
}

function answer(...rows: readonly string[]): Buffer {
  return Buffer.from(`${["1", HEADER, ...rows].join("\n")}\n\n`);
}

function areSame(before: readonly Row[], now: readonly Row[]): boolean | undefined {
  return ServerStates.parse(answer(...before.map(row)))?.areIn(answer(...now.map(row)));
}

suite("servers", () => {
  const others: readonly Row[] = [{ name: "first" }, { name: "last" }];
  const among = (one: Row): readonly Row[] => [others[0] ?? {}, one, others[1] ?? {}];

  for (const [what, change] of [
    ["only time has passed", { seconds: 123_456 }],
    ["a check is under way", { state: 7 }],
    ["a check has another result that changes nothing", { status: 6, result: 0 }],
    ["time has passed during a check", { seconds: 13, state: 7, result: 0 }],
  ] satisfies [string, Row][]) {
    test(`are the same while ${what}`, () => {
      assert.equal(areSame(among({}), among(change)), true);
      assert.equal(areSame([{}], [change]), true);
      assert.equal(areSame(among(change), among({})), true);
    });
  }

  for (const [what, change] of [
    ["is down", { op: 0, health: 0 }],
    ["is disabled", { admin: 1 }],
    ["drains", { admin: 8 }],
    ["has another weight", { weight: 0 }],
    ["has missed a check", { health: 3, state: 7 }],
    ["is checked no longer", { state: 2 }],
    ["has another name", { name: "another" }],
  ] satisfies [string, Row][]) {
    test(`are others when one ${what}`, () => {
      assert.equal(areSame(among({}), among(change)), false);
      assert.equal(areSame([{}], [change]), false);
      assert.equal(areSame(among(change), among({})), false);
    });
  }

  test("are others when one is added, removed or moved", () => {
    assert.equal(areSame(others, among({})), false);
    assert.equal(areSame(among({}), others), false);
    assert.equal(areSame(others, others.toReversed()), false);
    assert.equal(areSame(others, []), false);
    assert.equal(areSame([], others), false);
    assert.equal(areSame([], []), true);
  });

  test("are the same exactly when all that a status follows from is", () => {
    const values = fc.record({
      name: fc.constantFrom("a", "b"),
      op: fc.constantFrom(0, 2),
      admin: fc.constantFrom(0, 1),
      weight: fc.constantFrom(0, 1, 12),
      seconds: fc.constantFrom(0, 9, 10, -1),
      status: fc.constantFrom(6, 15),
      result: fc.constantFrom(0, 3),
      health: fc.constantFrom(3, 4),
      state: fc.constantFrom(6, 7, 2, 14),
    });
    const rows = fc.array(values, { maxLength: 3 });
    const matter = ({ name, op, admin, weight, health, state }: Required<Omit<Row, "agent">>) =>
      [name, op, admin, weight, health, state & ~1].join();
    fc.assert(
      fc.property(rows, rows, (before, now) => {
        assert.equal(areSame(before, now), before.map(matter).join(";") === now.map(matter).join(";"));
        assert.equal(areSame(before, before), true);
      }),
    );
  });
});

suite("an answer", () => {
  const whole = answer(row({ name: "a" }), row({ name: "b", state: 7 }));

  test("is the same in no part of it, and with nothing behind it", () => {
    const states = ServerStates.parse(whole);
    assert.equal(states?.areIn(whole), true);
    assert.equal(states?.areIn(Buffer.concat([whole, Buffer.from("x")])), false);
    for (let length = 0; length < whole.length; length += 1) {
      const part = whole.subarray(0, length);
      assert.equal(states?.areIn(part), false, `cut at ${length}`);
      assert.equal(ServerStates.parse(part), undefined, `cut at ${length}`);
    }
    assert.equal(states?.areIn(undefined), false);
  });

  for (const [what, other] of [
    ["of an unknown version", Buffer.from(`2${whole.toString().slice(1)}`)],
    ["with other columns", Buffer.from(whole.toString().replace("srv_uweight", "srv_other"))],
    ["with a row that is too short", answer(row(), "3 pool:listener 1 member")],
    ["with an agent check", answer(row(), row({ agent: 18 }))],
    ["that is an error", Buffer.from("Permission denied\n\n")],
    ["that is empty", Buffer.from("\n")],
  ] as const) {
    test(`${what} is not understood`, () => {
      assert.equal(ServerStates.parse(other), undefined);
    });
  }
});
