/** What the tests that boot machines have in common. */
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { renderDocument } from "../../agent/render/documents.ts";
import { AMPHORA_TREE, buildProgram } from "../bed/amphora.ts";
import type { Client } from "../bed/client.ts";
import { BedUnavailable } from "../bed/host.ts";
import { enterLab, type Lab } from "../bed/lab.ts";
import type { Machine } from "../bed/machine.ts";
import type { TreeSpec } from "../bed/tree.ts";

/** For a program to come or go, and systemd to say so, on a busy machine. */
const PATIENCE_MS = 60_000;

/** @returns undefined where no machine can be booted: the reason is printed, and counted as a skip */
export async function enterOrSkip(title: string, tree: TreeSpec = AMPHORA_TREE): Promise<Lab | undefined> {
  try {
    return await enterLab([tree], buildProgram);
  } catch (error) {
    if (!(error instanceof BedUnavailable)) throw error;
    console.error(`SKIPPED: systemd tests: ${error.message}`);
    test(title, { skip: error.message });
    return undefined;
  }
}

/**
 * @param attempt - may fail until it succeeds
 * @param explain - what to print when it does not
 * @throws when it does not in time, with its last failure
 */
export async function until(
  what: string,
  attempt: () => Promise<boolean>,
  explain?: () => Promise<string>,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const failure = await attempt().then(
      (done) => (done ? undefined : "not yet"),
      (error: unknown) => error,
    );
    if (failure === undefined) return;
    if (performance.now() > deadline) {
      if (explain) console.error(await explain());
      throw new Error(`${what}: not within ${PATIENCE_MS} ms`, { cause: failure });
    }
    await sleep(50);
  }
}

/** Gives the management interface its address, as DHCP would, and waits for the agent. */
export async function connectAgent(
  machine: Machine,
  client: Client,
  { name, address }: { readonly name: string; readonly address: string },
): Promise<void> {
  await machine.exec("ip", ["address", "replace", `${address}/24`, "dev", name]);
  await machine.exec("ip", ["link", "set", name, "up"]);
  await until("the agent", async () => (await client.send("GET", "/1.0/info")).status === 200);
}

/** Plugs the interface that has this hardware address, in 203.0.113.0/24. */
export async function plugVip(
  client: Client,
  { vip, vrrpIp, mac }: { readonly vip: string; readonly vrrpIp: string; readonly mac: string },
): Promise<void> {
  await client.expect(202, "POST", `/1.0/plug/vip/${vip}`, {
    subnet_cidr: "203.0.113.0/24",
    gateway: "203.0.113.1",
    mac_address: mac,
    vrrp_ip: vrrpIp,
    mtu: 1450,
    host_routes: [],
  });
}

/** What systemd and the kernel know of a unit: for a test that waited for it in vain. */
export async function explainUnit(machine: Machine, unit: string): Promise<string> {
  const commands = [
    `systemctl show ${unit} -p ActiveState,SubState,MainPID,ControlPID,ControlGroup,Result,NRestarts,Job`,
    `systemctl status --no-pager --full ${unit}`,
    "systemctl list-jobs --no-pager",
    "ls -d /sys/fs/cgroup/*; cat /proc/self/cgroup",
    `for d in $(find /sys/fs/cgroup -name ${unit}); do echo $d; cat $d/cgroup.events $d/cgroup.procs; done`,
    "ls -l /proc/1/fd; ps -ef",
    "journalctl --no-pager --lines 60",
  ];
  const { stdout, stderr } = await machine.try("sh", ["-xc", `exec 2>&1; ${commands.join("\n")}`]);
  return stdout + stderr;
}

interface HttpListener {
  readonly loadBalancerId: string;
  readonly listenerId: string;
  readonly vip: string;
  readonly member: { readonly address: string; readonly port: number };
  readonly clientTimeoutMs: number;
}

/** What a controller sends for one HTTP listener with one monitored member. */
export function haproxyConfig({
  loadBalancerId,
  listenerId,
  vip,
  member,
  clientTimeoutMs,
}: HttpListener): Promise<string> {
  const seconds = { delay: 1, timeout: 1, max_retries: 1, max_retries_down: 2 };
  const request = { http_method: "GET", url_path: "/", expected_codes: "200" };
  return renderDocument({
    format: "octavia-amphora-rendering",
    format_version: 1,
    kind: "haproxy",
    haproxy: { version: "2.6" },
    loadbalancer: {
      loadbalancer_id: loadBalancerId,
      project_id: "e3cd678b11784734bc366148aa37580e",
      vip_address: vip,
      listeners: [
        {
          listener_id: listenerId,
          protocol: "HTTP",
          protocol_port: 80,
          connection_limit: 100,
          timeout_client_data: clientTimeoutMs,
          default_pool_id: "pool",
        },
      ],
      pools: [
        {
          pool_id: "pool",
          protocol: "HTTP",
          healthmonitor: { healthmonitor_id: "monitor", type: "HTTP", ...seconds, ...request },
          members: [{ member_id: "member", address: member.address, protocol_port: member.port }],
        },
      ],
    },
  });
}
