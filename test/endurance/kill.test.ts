/** The agent dies at any moment of a storm of changes: what it has acknowledged is there when it is back. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Answer } from "../integration/api-client.ts";
import { type Daemon, HEARTBEAT_INTERVAL_MS, startDaemon } from "../integration/daemon.ts";
import { furnish, get, until, VIP } from "../integration/loadbalancer-host.ts";
import { plugPort, shell } from "../integration/network-rig.ts";
import { IS_FULL, SEED } from "./form.ts";
import { haproxyConfigFor } from "./fuzz-bodies.ts";
import { Random } from "./random.ts";

const KILLS = IS_FULL ? 200 : 12;
const BALANCERS = 3;
/** Longest storm before a kill; a round of changes takes about half of it. */
const STORM_MS = 500;
const AMPHORA = "1f7e8c4d-94ad-4ac2-a4d7-cd4ce7f95c61";
const PLACES = ["/var/lib/octavia", "/etc/octavia", "/usr/lib/systemd/system"];

/** Versions of one thing: the acknowledged one, and one that was asked for and maybe done. */
class Versions {
  acknowledged = 0;
  asked = 0;

  next(): number {
    this.asked += 1;
    return this.asked;
  }

  allows(version: number): boolean {
    return version === this.acknowledged || version === this.asked;
  }

  /** What was found counts from now on. */
  settle(version: number): void {
    this.acknowledged = version;
    this.asked = version;
  }
}

type Ask = (
  method: string,
  path: string,
  body?: string | Buffer,
  headers?: Record<string, string>,
) => Promise<Answer>;

/** One kind of change, its acknowledged state and how it is looked at. */
interface Subject {
  readonly name: string;
  /** Makes one change. */
  change(ask: Ask): Promise<void>;
  /** @throws AssertionError when what is there is neither acknowledged nor asked for */
  check(ask: Ask): Promise<void>;
}

function loadBalancer(number: number): Subject {
  const id = `0${number}000000-4f2f-4a9d-8b2c-0a4d7f3c2f10`;
  const port = 8_000 + number;
  const stored = new Versions();
  /** Oldest that may run: the one that the last acknowledged reload has loaded. */
  let loaded = 0;
  // The same words first and last: half a configuration would miss the second listener.
  const config = (version: number) =>
    [port, port + 100]
      .map((each, index) => {
        const text = haproxyConfigFor(id, each, `version ${version}`);
        return index === 0 ? text : text.slice(text.indexOf("frontend")).replace("-listener", "-last");
      })
      .join(`# ${"padding ".repeat(5_000)}\n`);
  const versionOf = (text: string) => Number(/version (\d+)/.exec(text)?.[1]);
  return {
    name: `load balancer ${number}`,
    async change(ask) {
      const version = stored.next();
      const { status, body } = await ask(
        "PUT",
        `/1.0/loadbalancer/${AMPHORA}/${id}/haproxy`,
        config(version),
      );
      assert.equal(status, 202, body);
      stored.acknowledged = version;
      const reload = await ask("PUT", `/1.0/loadbalancer/${id}/reload`);
      assert.equal(reload.status, 202, reload.body);
      loaded = version;
    },
    async check(ask) {
      const { status, body } = await ask("GET", `/1.0/loadbalancer/${id}/haproxy`);
      if (status === 404 && stored.acknowledged === 0) return;
      assert.equal(status, 200, body);
      const onDisk = versionOf(body);
      assert.ok(stored.allows(onDisk), `${onDisk} on disk, ${stored.acknowledged} acknowledged`);
      assert.equal(body, config(onDisk), "the configuration is whole");
      // A start that nobody acknowledged may not have happened.
      if (loaded > 0) await until(async () => (await running()) !== undefined, 15_000);
      const now = await running();
      if (now !== undefined)
        assert.ok(now >= loaded && now <= onDisk, `${now} runs, ${loaded} was loaded, ${onDisk} stored`);
      stored.settle(onDisk);
    },
  };

  /** @returns the version that answers on both listeners; undefined when none does */
  async function running(): Promise<number | undefined> {
    const answers = await Promise.all(
      [port, port + 100].map((each) => get(VIP, each).catch(() => undefined)),
    );
    if (answers.includes(undefined)) return undefined;
    const [first, last] = answers.map((text) => versionOf(text ?? ""));
    // Right after a reload the old process may have taken the first and the new one the second request.
    return first === last ? first : undefined;
  }
}

function certificateFile(): Subject {
  const path = "/1.0/loadbalancer/01000000-4f2f-4a9d-8b2c-0a4d7f3c2f10/certificates/a.pem";
  const versions = new Versions();
  const content = (version: number) => `${version} `.repeat(20_000);
  return {
    name: "a load balancer's certificate",
    async change(ask) {
      const version = versions.next();
      assert.equal((await ask("PUT", path, content(version))).status, 200);
      versions.acknowledged = version;
    },
    async check(ask) {
      const { status, body } = await ask("GET", path);
      if (status === 404 && versions.acknowledged === 0) return;
      const found = [versions.acknowledged, versions.asked].find(
        (version) => body === `{"md5sum":"${createHash("md5").update(content(version)).digest("hex")}"}`,
      );
      assert.ok(found !== undefined, `${body} is no version from ${versions.acknowledged} on`);
      versions.settle(found);
    },
  };
}

/** A file of the agent's own that is replaced by one of several contents. */
function ownFile(name: string, path: string, file: string, contents: (version: number) => Buffer): Subject {
  const versions = new Versions();
  return {
    name,
    async change(ask) {
      const version = versions.next();
      const { status, body } = await ask("PUT", path, contents(version));
      assert.equal(status, 202, body);
      versions.acknowledged = version;
    },
    async check() {
      const bytes = await readFile(file);
      const found = [versions.acknowledged, versions.asked].find((version) =>
        bytes.equals(contents(version)),
      );
      assert.ok(found !== undefined, `${file} is no version from ${versions.acknowledged} on`);
      versions.settle(found);
    },
  };
}

function port(mac: string): Subject {
  const versions = new Versions();
  let name = "";
  const address = (version: number) => `10.9.${Math.floor(version / 200)}.${1 + (version % 200)}`;
  return {
    name: "a port",
    async change(ask) {
      const version = versions.next();
      const fixed_ips = [
        { ip_address: address(version), subnet_cidr: "10.9.0.0/16", gateway: null, host_routes: [] },
      ];
      const { status, body } = await ask(
        "POST",
        "/1.0/plug/network",
        JSON.stringify({ mac_address: mac, fixed_ips }),
        {
          "Content-Type": "application/json",
        },
      );
      assert.equal(status, 202, body);
      name = /eth\d+/.exec(body)?.[0] ?? "";
      versions.acknowledged = version;
    },
    async check() {
      if (versions.acknowledged === 0) return;
      const allowed = [versions.acknowledged, versions.asked];
      const state = () => shell(`ip -n amphora-haproxy -4 -o addr show dev ${name}`);
      let found: number[] = [];
      const looks = async () => {
        const text = await state();
        found = allowed.filter((version) => text.includes(` ${address(version)}/16 `));
        return found.length > 0 && (text.match(/inet /g) ?? []).length === 1;
      };
      await until(looks, 10_000).catch(async () =>
        assert.fail(`${allowed.map(address)} allowed, ${await state()}`),
      );
      versions.settle(found[0] ?? 0);
    },
  };
}

/** Names of temporary files, anywhere that the agent writes. */
async function leftovers(): Promise<string[]> {
  const lists = await Promise.all(PLACES.map((place) => readdir(place, { recursive: true })));
  return lists.flat().filter((name) => name.endsWith(".tmp"));
}

/** Changes everything at the same time until it is killed. @returns failures that the kill does not explain */
function storm(daemon: Daemon, subjects: readonly Subject[]): { stop(): Promise<unknown[]> } {
  let isOver = false;
  const failures: unknown[] = [];
  const ask: Ask = async (method, path, body, headers = {}) => {
    const answer = await daemon.client.ask(method, path, { headers, ...(body !== undefined && { body }) });
    if (Number.isNaN(answer.status)) throw new Error("cut off");
    return answer;
  };
  const lanes = subjects.map(async (subject) => {
    while (!isOver) {
      await subject.change(ask).catch((error: unknown) => {
        if (!isOver) failures.push(error);
        isOver = true;
      });
    }
  });
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(lanes);
      return failures;
    },
  };
}

test(`${KILLS} kills in a storm of changes`, async (t) => {
  t.diagnostic(`--seed ${SEED}`);
  const random = new Random(SEED);
  await using _furniture = await furnish();
  const { mac } = await plugPort(1);
  await using daemon = await startDaemon("ec");
  const config = await readFile(daemon.configFile, "utf8");
  const first = await readFile("/etc/octavia/certs/server.pem");
  const pems = await Promise.all(Array.from({ length: 8 }, () => daemon.serverAuthority.issue("amphora")));
  const subjects = [
    ...Array.from({ length: BALANCERS }, (_, index) => loadBalancer(index + 1)),
    certificateFile(),
    ownFile("the configuration", "/1.0/config", daemon.configFile, (version) =>
      Buffer.from(version === 0 ? config : `${config}# version ${version}\n`),
    ),
    ownFile("the agent's certificate", "/1.0/certificate", "/etc/octavia/certs/server.pem", (version) =>
      version === 0 ? first : (pems[version % pems.length]?.pem ?? first),
    ),
    port(mac),
  ];
  const beats: number[] = [];
  let left = 0;
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const running = storm(daemon, subjects);
    await delay(random.below(STORM_MS));
    const stopped = running.stop();
    await daemon.kill();
    const failures = await stopped;
    assert.deepEqual(failures, [], `before kill ${kill}`);
    left = Math.max(left, (await leftovers()).length);

    await daemon.start();
    const started = performance.now();
    for (const subject of subjects) {
      await subject
        .check((method, path) => daemon.client.ask(method, path))
        .catch((cause: unknown) => {
          throw new Error(`${subject.name} after kill ${kill}: ${String(cause)}`, { cause });
        });
    }
    await until(
      async () => (daemon.heartbeats.at(-1) ?? 0) > started - HEARTBEAT_INTERVAL_MS,
      3 * HEARTBEAT_INTERVAL_MS,
    );
    // One is sent at the start, before the API answers.
    const beat = daemon.heartbeats.find((moment) => moment > started - HEARTBEAT_INTERVAL_MS) ?? Number.NaN;
    beats.push(beat - started);
    await until(async () => (await leftovers()).length === 0, 5_000);
  }
  t.diagnostic(`first heartbeat at most ${Math.round(Math.max(...beats))} ms after the first answer`);
  t.diagnostic(`at most ${left} temporary files after a kill, none after a start`);
  assert.ok(Math.max(...beats) <= HEARTBEAT_INTERVAL_MS);
});
