import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseServersState,
  settledServersState,
} from "../../../../agent/loadbalancer/runtime/parse-servers-state.ts";

/** As HAProxy 2.6.12 printed it, with admin state and weights (user's, initial) as given. */
const aState = (
  ...rows: readonly (readonly [name: string, admin: number, user: number, initial: number])[]
) =>
  `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port
${rows.map(([name, admin, user, initial]) => `3 b:f 1 ${name} 127.0.0.1 2 ${admin} ${user} ${initial} 1 15 3 3 6 0 0 0 - 18081 - 0 18083 127.0.0.9 - 0`).join("\n")}
`;

test("a state that commands have not changed stays as HAProxy told it", () => {
  const state = aState(["m1", 0, 1, 1], ["m2", 5, 7, 7]);
  assert.equal(
    settledServersState(state, () => true),
    state,
  );
});

test("what commands have changed counts as configured", () => {
  const state = aState(
    ["weight", 0, 5, 1],
    ["disabled", 1, 1, 1],
    ["enabled", 4, 1, 1],
    ["drained", 8, 1, 1],
  );
  const settled = aState(
    ["weight", 0, 5, 5],
    ["disabled", 5, 1, 1],
    ["enabled", 0, 1, 1],
    ["drained", 0, 1, 1],
  );
  assert.equal(
    settledServersState(state, () => true),
    settled,
  );
});

test("a server that is to be another one has no state", () => {
  const state = aState(["m1", 0, 1, 1], ["m2", 0, 1, 1]);
  assert.equal(
    settledServersState(state, ({ name }) => name !== "m1"),
    aState(["m2", 0, 1, 1]),
  );
});

test("a server's state is read by the names of the columns", () => {
  assert.deepEqual(parseServersState(aState(["m1", 1, 5, 1])), [
    {
      backend: "b:f",
      name: "m1",
      address: "127.0.0.1",
      port: 18_081,
      weight: 5,
      isDisabled: true,
      isDraining: false,
      isChecked: true,
      checkAddress: "127.0.0.9",
      checkPort: 18_083,
    },
  ]);
});

test("a state without a column that is needed is an error", () => {
  assert.throws(() => parseServersState("1\n# be_id be_name\n3 b:f\n"), /no srv_admin_state/);
});
