import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import { parseStatistics } from "../../../agent/status/parse-statistics.ts";

/** The columns of HAProxy 2.6 that are read, among others. */
const HEADER =
  "# pxname,svname,qcur,scur,slim,stot,bin,ereq,status,weight,lastchg,check_status,check_code,check_duration,last_chk,";

function answer(...rows: readonly string[]): Buffer {
  return Buffer.from([HEADER, ...rows, "", ""].join("\n"));
}

test("listeners, pools and members, each member with its last check", () => {
  const parsed = parseStatistics(
    answer(
      "web,FRONTEND,,3,500,40,9,1,OPEN,,,,,,,",
      'p:web,m1,0,1,,20,9,,UP,1,60,L7OK,200,2,"HTTP status check returned code <200>",',
      "p:web,m2,0,0,,0,9,,DOWN,1,5,* L4CON,,0,Connection refused,",
      "p:web,BACKEND,0,1,50,20,9,,UP,2,60,,,,,",
    ),
  );
  assert.deepEqual(parsed, {
    frontends: [{ name: "web", status: "OPEN", current: 3, limit: 500, total: 40, requestErrors: 1 }],
    backends: [
      {
        name: "p:web",
        status: "UP",
        servers: [
          {
            name: "m1",
            status: "UP",
            weight: 1,
            sinceSeconds: 60,
            check: {
              status: "L7OK",
              code: 200,
              durationMs: 2,
              text: "HTTP status check returned code <200>",
            },
          },
          {
            name: "m2",
            status: "DOWN",
            weight: 1,
            sinceSeconds: 5,
            check: { status: "L4CON", code: undefined, durationMs: 0, text: "Connection refused" },
          },
        ],
      },
    ],
  });
});

test("a member without weight drains; one without checks, or before the first, has no result", () => {
  const { backends } = parseStatistics(
    answer(
      "p:web,m1,0,0,,0,9,,UP,0,60,L4OK,,1,,",
      "p:web,m2,0,0,,0,9,,no check,1,60,,,,,",
      "p:web,m3,0,0,,0,9,,UP,1,60,INI,,,,",
      "p:web,BACKEND,0,1,50,20,9,,UP,2,60,,,,,",
    ),
  );
  const members = backends[0]?.servers ?? [];
  assert.deepEqual(
    members.map(({ status, check }) => [status, check?.status]),
    [
      ["DRAIN", "L4OK"],
      ["no check", undefined],
      ["UP", undefined],
    ],
  );
});

test("the exporter's proxies are left out", () => {
  const parsed = parseStatistics(
    answer(
      "prometheus-exporter-internal-endpoint,FRONTEND,,0,5,0,0,0,OPEN,,,,,,,",
      "prometheus-exporter-internal,prometheus-internal,0,0,,0,0,,no check,1,6,,,,,",
    ),
  );
  assert.deepEqual(parsed, { frontends: [], backends: [] });
});

test("an empty answer has nothing, and one that is cut off is refused", () => {
  assert.deepEqual(parseStatistics(Buffer.from("\n")), { frontends: [], backends: [] });
  assert.throws(() => parseStatistics(answer().subarray(0, 20)), AgentError);
});
