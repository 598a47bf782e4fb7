import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { isReached, isServed, planChange, type Reload } from "../../../agent/lvs/plan-change.ts";
import { renderText } from "../../../agent/render/engine.ts";
import { lvsView } from "../../../agent/render/keepalived/lvs-view.ts";
import { aTable } from "./configs.ts";

interface Shape {
  readonly members?: readonly { address: string; weight?: number; enabled?: boolean; monitorPort?: number }[];
  readonly algorithm?: string;
  readonly limit?: number;
}

const usual = [{ address: "192.0.2.10" }, { address: "192.0.2.11", weight: 2 }];

/** As a controller renders it: VIPs 203.0.113.5 and 2001:db8::5, port 53, members on port 5000. */
function aListener({ members = usual, algorithm = "ROUND_ROBIN", limit = -1 }: Shape = {}): Promise<string> {
  const id = (number: number) => `33333333-3333-4333-8333-${String(number).padStart(12, "0")}`;
  return renderText(
    "keepalived-lvs",
    lvsView({
      format: "octavia-amphora-rendering",
      format_version: 1,
      kind: "keepalived-lvs",
      topology: "SINGLE",
      listener_id: id(100),
      amphorae: [],
      loadbalancer: {
        loadbalancer_id: id(101),
        project_id: "p",
        vip_address: "203.0.113.5",
        additional_vips: [{ ip_address: "2001:db8::5" }],
        listeners: [
          {
            listener_id: id(100),
            protocol: "UDP",
            protocol_port: 53,
            connection_limit: limit,
            default_pool_id: id(102),
          },
        ],
        pools: [
          {
            pool_id: id(102),
            protocol: "UDP",
            lb_algorithm: algorithm,
            members: members.map(({ address, weight, enabled, monitorPort }) => ({
              member_id: id(Number.parseInt(address.split(/[.:]/).at(-1) ?? "", 10)),
              address,
              protocol_port: 5_000,
              weight: weight ?? 1,
              admin_state_up: enabled ?? true,
              monitor_port: monitorPort ?? null,
            })),
            healthmonitor: {
              healthmonitor_id: id(103),
              type: "UDP-CONNECT",
              delay: 5,
              timeout: 3,
              max_retries: 1,
              max_retries_down: 1,
            },
          },
        ],
      },
    }),
  );
}

async function aReload(before: Shape, after: Shape): Promise<{ change: Reload; config: string }> {
  const config = await aListener(after);
  const change = planChange(await aListener(before), config);
  assert.ok(change.kind === "reload");
  return { change, config };
}

const V4 = "UDP  CB007105:0035 wrr";
const V6 = "UDP  [2001:0db8:0000:0000:0000:0000:0000:0005]:0035 wrr";
const row = (last: number, weight: number) =>
  `  -> C00002${last.toString(16).toUpperCase().padStart(2, "0")}:1388      Masq    ${weight}      0          0`;

suite("planning a change of a listener", () => {
  for (const [what, members] of [
    ["a weight", [{ address: "192.0.2.10", weight: 0 }, usual[1]]],
    ["a member more", [...usual, { address: "192.0.2.12" }]],
    ["a member less", [usual[1]]],
    ["a disabled member", [{ address: "192.0.2.10", enabled: false }, usual[1]]],
    ["another order", [usual[1], usual[0]]],
    ["a port that is checked", [{ address: "192.0.2.10", monitorPort: 99 }, usual[1]]],
    ["no member any more", []],
    ["the first member of an IP family", [...usual, { address: "2001:db8::10" }]],
  ] as const) {
    test(`${what} is a reload`, async () => {
      await aReload({}, { members: members.filter((member) => member !== undefined) });
    });
  }

  for (const [what, shape] of [
    ["another algorithm", { algorithm: "SOURCE_IP" }],
    ["a limit of connections, which a reload leaves in the kernel as it was", { limit: 100 }],
  ] as const) {
    test(`${what} is a restart`, async () => {
      assert.equal(planChange(await aListener(), await aListener(shape)).kind, "restart");
    });
  }

  test("a first member is a restart: nothing is served before", async () => {
    assert.equal(planChange(await aListener({ members: [] }), await aListener()).kind, "restart");
  });

  test("a text that no controller renders is a restart", async () => {
    const config = await aListener();
    for (const text of [
      "",
      config.replace("# Configuration for Member", "# Member"),
      config.replace("weight 1", "weight one"),
      config.replace("192.0.2.11", "192.0.2.10"),
      config.replace("192.0.2.11", "somewhere"),
    ]) {
      assert.equal(planChange(config, text).kind, "restart");
      assert.equal(planChange(text, config).kind, "restart");
    }
  });

  test("every configuration that controllers render is understood, members and all", () => {
    const folder = new URL("../../vectors/rendering/keepalived-lvs/", import.meta.url);
    for (const name of readdirSync(folder)) {
      const { expected: config } = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as {
        expected: string;
      };
      const servers = [...config.matchAll(/real_server/g)].length;
      const change = planChange(config, config);
      assert.equal(change.kind === "reload" ? change.weights.size : 0, servers, name);
    }
  });
});

suite("what the kernel serves after a reload", () => {
  test("is there when new members are, those that left are not, and weights are as wanted", async () => {
    const { change, config } = await aReload(
      {},
      { members: [{ address: "192.0.2.10", weight: 3 }, { address: "192.0.2.12" }] },
    );
    assert.ok(isReached(change, config, aTable(V4, row(10, 3), row(12, 1))));
    assert.ok(!isReached(change, config, aTable(V4, row(10, 3))));
    assert.ok(!isReached(change, config, aTable(V4, row(10, 1), row(12, 1))));
    assert.ok(!isReached(change, config, aTable(V4, row(10, 3), row(11, 2), row(12, 1))));
  });

  test("lacks a member that was there before and is down", async () => {
    const { change, config } = await aReload(
      {},
      { members: [{ address: "192.0.2.10", weight: 3 }, ...usual.slice(1)] },
    );
    assert.ok(isReached(change, config, aTable(V4, row(11, 2))));
  });

  test("is nothing without members, whatever other listeners have", async () => {
    const { change, config } = await aReload({}, { members: [] });
    assert.ok(!isReached(change, config, aTable(V4, row(10, 1))));
    assert.ok(isReached(change, config, aTable("UDP  CB007106:0035 wrr", row(10, 1))));
  });

  test("is there for each IP family", async () => {
    const both = [...usual, { address: "2001:db8::10" }];
    const { change, config } = await aReload(
      { members: both },
      { members: both.map((member) => ({ ...member, weight: 7 })) },
    );
    const server = "  -> [2001:0db8:0000:0000:0000:0000:0000:0010]:1388";
    assert.ok(isReached(change, config, aTable(V4, row(10, 7), row(11, 7), V6, `${server} Masq 7 0 0`)));
    assert.ok(!isReached(change, config, aTable(V4, row(10, 7), row(11, 7), V6, `${server} Masq 1 0 0`)));
  });

  test("may be asked for once keepalived has begun", async () => {
    const config = await aListener();
    assert.ok(isServed(config, aTable(V4)));
    assert.ok(!isServed(config, aTable()));
  });
});
