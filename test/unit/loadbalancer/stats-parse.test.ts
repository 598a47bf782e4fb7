import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { AgentError } from "../../../agent/errors.ts";
import {
  type PoolOptions,
  parseListeners,
  parsePools,
  poolNamesOf,
} from "../../../agent/loadbalancer/stats-parse.ts";
import type { LoadBalancerSample } from "../../../agent/loadbalancer/types.ts";

const HEADER = "# pxname,svname,qcur,scur,stot,bin,bout,ereq,status,weight,last_chk,addr";

type Row = Partial<Record<string, string>>;

/** One row with every column; what is not given is 0, empty for the last two. */
function row(values: Row): string {
  const names = HEADER.slice(2).split(",");
  return names.map((name) => values[name] ?? (name === "last_chk" || name === "addr" ? "" : "0")).join(",");
}

function aListener(values: Row = {}): string {
  return row({ pxname: "listener", svname: "FRONTEND", status: "OPEN", ...values });
}

function aMember(values: Row = {}): string {
  return row({ pxname: "pool:listener", svname: "member", status: "UP", weight: "1", ...values });
}

function aPool(values: Row = {}): string {
  return row({ pxname: "pool:listener", svname: "BACKEND", status: "UP", ...values });
}

/** HAProxy's answers to both commands. */
function answer(frontends: readonly string[], backends: readonly string[], header = HEADER): Buffer[] {
  return [frontends, backends].map((rows) => Buffer.from(`${[header, ...rows].join("\n")}\n\n`));
}

interface Options extends Omit<PoolOptions, "last"> {
  readonly last?: LoadBalancerSample | undefined;
}

function parseStats(
  [frontends, backends]: readonly Buffer[],
  { last, ...options }: Options = {},
): LoadBalancerSample {
  const { listeners, defect } = parseListeners(frontends, last?.listeners);
  const { pools, defect: poolDefect } = parsePools(backends, { ...options, last: last?.pools });
  const first = defect ?? poolDefect;
  return { listeners, pools, ...(first !== undefined && { defect: first }) };
}

function membersOf(...rows: readonly string[]): unknown {
  return parseStats(answer([], [...rows, aPool()])).pools[0]?.members;
}

function isUnusable(error: unknown): boolean {
  return error instanceof AgentError && error.code === "unavailable";
}

suite("listeners in HAProxy's statistics", () => {
  test("have their absolute counters, status and current connections", () => {
    const text = aListener({ scur: "3", stot: "40", bin: "1000", bout: "9000", ereq: "2", status: "FULL" });
    assert.deepEqual(parseStats(answer([text], [])), {
      listeners: [
        {
          id: "listener",
          status: "FULL",
          currentConnections: 3,
          counters: { bin: 1000, bout: 9000, ereq: 2, stot: 40 },
        },
      ],
      pools: [],
    });
  });

  test("keep counters exact that a double cannot hold", () => {
    const [listener] = parseStats(answer([aListener({ bin: "18446744073709551615" })], [])).listeners;
    assert.equal(listener?.counters.bin, 18446744073709551615n);
  });

  for (const column of ["scur", "stot", "bin", "bout", "ereq"]) {
    for (const value of ["", "x", "-1", "1.5"]) {
      test(`forbid a heartbeat when ${column} is "${value}"`, () => {
        const { defect } = parseStats(answer([aListener({ [column]: value })], []));
        assert.match(defect ?? "", /listener/);
      });
    }
  }

  test("forbid a heartbeat when a counter has no column", () => {
    const header = HEADER.replace("ereq", "ereq_renamed");
    assert.notEqual(parseStats(answer([aListener()], [], header)).defect, undefined);
  });

  test("do not need the counter columns when there are none of them", () => {
    const header = "# pxname,svname,status,weight";
    assert.deepEqual(parseStats(answer([], [], header)), { listeners: [], pools: [] });
  });
});

suite("pools in HAProxy's statistics", () => {
  test("keep their key, status and members in HAProxy's order", () => {
    const rows = [
      aMember({ svname: "b" }),
      aMember({ svname: "a", status: "DOWN 1/2" }),
      aPool({ status: "DOWN" }),
    ];
    const { pools } = parseStats(answer([], rows));
    assert.equal(
      JSON.stringify(pools),
      '[{"key":"pool:listener","status":"DOWN","members":{"b":"UP","a":"DOWN 1/2"}}]',
    );
  });

  test("may be named alone where the process has the id of its only listener, and nowhere else", () => {
    const pool = [aPool({ pxname: "pool" })];
    const listeners = [aListener(), aListener({ pxname: "other" })];
    const poolsOf = (rows: readonly string[]) => {
      const [frontends, backends] = answer(rows, pool);
      const { listeners } = parseListeners(frontends);
      return parsePools(backends, { isPoolName: poolNamesOf("listener", listeners) }).pools;
    };
    assert.equal(poolsOf(listeners.slice(0, 1))[0]?.key, "pool");
    assert.throws(() => poolsOf(listeners), isUnusable);
    assert.throws(() => poolsOf(listeners.slice(1)), isUnusable);
    assert.throws(() => poolsOf([]), isUnusable);
  });

  test("drain a member that is up without weight", () => {
    assert.deepEqual(membersOf(aMember({ weight: "0" })), { member: "DRAIN" });
  });

  for (const status of ["UP 1/3", "no check", "DOWN", "MAINT", "NOLB"]) {
    test(`leave a member alone that is ${status} without weight`, () => {
      assert.deepEqual(membersOf(aMember({ status, weight: "0" })), { member: status });
    });
  }

  test("keep a member with a weight of 00, which is not HAProxy's zero", () => {
    assert.deepEqual(membersOf(aMember({ weight: "00" })), { member: "UP" });
  });

  test("are put together when their rows do not follow each other", () => {
    const other = { pxname: "other:listener" };
    const rows = [aMember({ svname: "a" }), aPool(other), aMember({ svname: "b" }), aPool()];
    const { pools } = parseStats(answer([], rows));
    assert.deepEqual(
      pools.map(({ key, members }) => [key, Object.keys(members)]),
      [
        ["pool:listener", ["a", "b"]],
        ["other:listener", []],
      ],
    );
  });

  test("are told apart when one's name begins like the other's", () => {
    const rows = [
      aMember(),
      aPool(),
      aMember({ pxname: "pool:listener2" }),
      aPool({ pxname: "pool:listener2" }),
    ];
    assert.deepEqual(
      parseStats(answer([], rows)).pools.map(({ key }) => key),
      ["pool:listener", "pool:listener2"],
    );
  });

  test("forbid a heartbeat when they have members but no row of their own", () => {
    assert.match(parseStats(answer([], [aMember()])).defect ?? "", /pool:listener/);
  });

  for (const pxname of ["pool", "pool:listener:more"]) {
    test(`make the answer unusable when one is named ${pxname}`, () => {
      assert.throws(() => parseStats(answer([aListener()], [aPool({ pxname })])), isUnusable);
    });
  }

  test("are the last ones' members as long as nothing about them changes", () => {
    const rows = [aMember({ svname: "a" }), aMember({ svname: "b", status: "DOWN" })];
    const parse = (members: readonly string[], last?: ReturnType<typeof parseStats>) =>
      parseStats(answer([], [...members, aPool()]), { last });
    const first = parse(rows);
    assert.equal(parse(rows, first).pools[0]?.members, first.pools[0]?.members);
    for (const other of [
      rows.toReversed(),
      rows.slice(1),
      [...rows, aMember({ svname: "c" })],
      [aMember({ svname: "a", status: "DOWN" }), ...rows.slice(1)],
      [aMember({ svname: "a", weight: "0" }), ...rows.slice(1)],
    ]) {
      assert.deepEqual(parse(other, first), parse(other));
    }
  });

  test("have none of the members that they are to be without, in this pool", () => {
    const rows = [aMember({ svname: "m1" }), aMember({ svname: "m2" }), aPool()];
    const other = [aMember({ pxname: "other:listener", svname: "m1" }), aPool({ pxname: "other:listener" })];
    const options = { without: new Set(["pool:listener/m1"]) };
    const { pools } = parseStats(answer([], [...rows, ...other]), options);
    assert.deepEqual(
      pools.map(({ members }) => members),
      [{ m2: "UP" }, { m1: "UP" }],
    );
  });

  test("may have a member with the name of a property that every object has", () => {
    const [pool] = parseStats(answer([], [aMember({ svname: "__proto__" }), aPool()])).pools;
    assert.equal(JSON.stringify(pool?.members), '{"__proto__":"UP"}');
  });
});

suite("listeners that the last answer had too", () => {
  const last = parseStats(answer([aListener({ bin: "1" })], []));

  test("are the very same while nobody connects", () => {
    assert.equal(parseStats(answer([aListener({ bin: "1" })], []), { last }).listeners, last.listeners);
  });

  test("are read again when a byte has changed, also in memory that was used before", () => {
    const answers = answer([aListener({ bin: "1" })], []);
    const first = parseStats(answers);
    answer([aListener({ bin: "2" })], [])[0]?.copy(answers[0] as Buffer);
    assert.equal(parseStats(answers, { last: first }).listeners[0]?.counters.bin, 2);
    assert.equal(first.listeners[0]?.counters.bin, 1);
  });

  test("have their defect each time", () => {
    const answers = answer([aListener({ scur: "" })], []);
    const first = parseStats(answers);
    assert.equal(parseStats(answers, { last: first }).defect, first.defect);
    assert.match(first.defect ?? "", /counter of listener/);
  });
});

suite("pools that the last answer had too", () => {
  const rows = [aMember(), aMember({ svname: "other", status: "DOWN" }), aPool()];
  const poolsOf = (answers: Buffer[], options: Options = {}) =>
    parseStats(answers, { last: parseStats(answer([], rows)), ...options }).pools;

  test("have the very same members when only their counters have changed", () => {
    const busy = [
      aMember({ stot: "7", addr: "x" }),
      aMember({ svname: "other", status: "DOWN" }),
      aPool({ bin: "9" }),
    ];
    const last = parseStats(answer([], rows));
    const [pool] = parseStats(answer([aListener()], busy), { last }).pools;
    assert.equal(pool?.members, last.pools[0]?.members);
  });

  test("are what a first answer says, whatever has changed", () => {
    const value = fc.constantFrom("a", "b:c", "UP", "DOWN", "0", "1", "BACKEND", '"q,r"', '"q\nr"', "");
    const cells = fc.record({ pxname: value, svname: value, status: value, weight: value, last_chk: value });
    const read = (answers: Buffer[], options: Options = {}) => {
      try {
        return parseStats(answers, { isPoolName: () => true, ...options });
      } catch (error) {
        assert.ok(isUnusable(error));
        return undefined;
      }
    };
    fc.assert(
      fc.property(fc.array(cells, { maxLength: 4 }), fc.array(cells, { maxLength: 4 }), (before, now) => {
        const known = read(answer([], before.map(row)));
        const answers = answer([], now.map(row));
        assert.deepEqual(read(answers, { last: known }), read(answers));
      }),
    );
  });

  test("are read again when other servers are left out", () => {
    const without = new Set(["pool:listener/other"]);
    assert.deepEqual(poolsOf(answer([], rows), { without })[0]?.members, { member: "UP" });
  });
});

suite("internal proxies of the metrics exporter", () => {
  test("are no listeners and no pools, whatever their rows hold", () => {
    const frontends = [aListener({ pxname: "prometheus-exporter-internal-endpoint", bin: "" })];
    const backends = [
      row({ pxname: "prometheus-exporter-internal", svname: "prometheus-internal", status: "no check" }),
      row({ pxname: "prometheus-exporter-internal", svname: "BACKEND", status: "UP" }),
      row({ pxname: "my-prometheus", svname: "without a row of its own" }),
    ];
    assert.deepEqual(parseStats(answer(frontends, backends)), { listeners: [], pools: [] });
  });
});

suite("the CSV of HAProxy's statistics", () => {
  test("is read by column names, wherever the columns are", () => {
    const header = "# status,x,weight,svname,pxname";
    const sample = parseStats(answer([], ["DOWN,,1,member,p:l", "UP,,1,BACKEND,p:l"], header));
    assert.deepEqual(sample.pools, [{ key: "p:l", status: "UP", members: { member: "DOWN" } }]);
  });

  test("may have commas, quotes and empty lines inside quotes, before and behind what is needed", () => {
    const hostile = '"a, ""b""\n\nc"';
    const rows = [
      aMember({ last_chk: hostile, addr: '"x\n"' }),
      aMember({ svname: '"mem,ber ""2"""', qcur: hostile }),
      aPool({ last_chk: 'not" quoted' }),
    ];
    assert.deepEqual(parseStats(answer([], rows)).pools, [
      { key: "pool:listener", status: "UP", members: { member: "UP", 'mem,ber "2"': "UP" } },
    ]);
  });

  test("may be an empty answer", () => {
    const nothing = Buffer.from("\n");
    const [, backends = nothing] = answer([], [aPool()]);
    assert.equal(parseStats([nothing, backends]).pools.length, 1);
    assert.deepEqual(parseStats([nothing, nothing]), { listeners: [], pools: [] });
  });

  test("is unusable when a row ends before a needed column", () => {
    assert.throws(() => parseStats(answer([], ["pool:listener,member,0,0"])), isUnusable);
    assert.throws(() => parseStats(answer([], ['pool:listener,"member",0,0'])), isUnusable);
  });

  test("is unusable without the columns of names and status", () => {
    for (const column of ["pxname", "svname", "status", "weight"]) {
      assert.throws(() => parseStats(answer([], [aPool()], HEADER.replace(column, "other"))), isUnusable);
    }
  });

  test("is unusable when it is not ASCII", () => {
    assert.throws(() => parseStats(answer([], [aMember({ svname: "mémber" }), aPool()])), isUnusable);
  });

  test("is unusable when something follows it", () => {
    for (const half of [0, 1]) {
      const more = answer([], []).map((text, index) => (index === half ? `${text}more\n\n` : `${text}`));
      assert.throws(() => parseStats(more.map((text) => Buffer.from(text))), isUnusable);
    }
  });

  for (const text of ["", "Permission denied\n\n", "Unknown command: 'x'. Try:\n  help\n\n"]) {
    test(`is unusable when HAProxy says ${JSON.stringify(text)}`, () => {
      const [good = Buffer.alloc(0)] = answer([], []);
      assert.throws(() => parseStats([Buffer.from(text), good]), isUnusable);
      assert.throws(() => parseStats([good, Buffer.from(text)]), isUnusable);
    });
  }

  test("is unusable wherever it is cut off", () => {
    const whole = answer([aListener()], [aMember({ last_chk: '"a,\n\nb"' }), aPool()]);
    for (const [half, text] of whole.entries()) {
      for (let length = 0; length < text.length; length += 1) {
        const cut = whole.with(half, text.subarray(0, length));
        assert.throws(() => parseStats(cut), isUnusable, `half ${half} cut at ${length}`);
      }
    }
  });

  test("never makes the parser fail in any other way, whatever the bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((array) => [Buffer.from(array), Buffer.from("\n")]),
      fc
        .array(
          fc.constantFrom(
            "\n",
            ",",
            '"',
            "# ",
            "pxname",
            "svname",
            "status,weight",
            "BACKEND",
            "a:b",
            "é",
            "9",
          ),
        )
        .map((parts) => [Buffer.from("\n"), Buffer.from(parts.join(""))]),
      fc.array(fc.string(), { maxLength: 8 }).map((names) => answer([aListener()], names)),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        try {
          const { listeners, pools } = parseStats(input);
          assert.ok(Array.isArray(listeners) && Array.isArray(pools));
        } catch (error) {
          assert.ok(isUnusable(error), String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("gives every member its status, whatever the names, quoted or not", () => {
    const name = fc
      .string({ unit: fc.constantFrom(...'ab,"\n .-'), minLength: 1 })
      .filter((text) => text !== "BACKEND");
    const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 6 }), (names) => {
        const rows = names.map((member) => aMember({ svname: quoted(member), status: "DOWN" }));
        assert.deepEqual(membersOf(...rows), Object.fromEntries(names.map((member) => [member, "DOWN"])));
      }),
    );
  });
});
