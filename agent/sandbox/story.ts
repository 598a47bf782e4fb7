/** The sandbox's story, in steps: each does one thing as a cloud would and checks what became of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../system/run.ts";
import { BACKENDS, LISTENER_ID, VIP_HOSTS, VIP_NETWORK } from "./scene.ts";
import type { Stage } from "./stage.ts";
import { bothAnswer, STATUS_TIMEOUT_MS, settledWithoutFailure, statusBecomes } from "./story-checks.ts";
import { loadBalancer, memberStatus, pool } from "./story-config.ts";
import { until } from "./wait.ts";

export interface Step {
  /** What happens, in a few words. */
  readonly title: string;
  /** @returns what was seen, for the display. @throws Error when something did not hold */
  readonly play: (stage: Stage, figures: Figures) => Promise<string>;
}

/** What the summary tells; filled in by the steps. */
export interface Figures {
  agentPid: number;
  startUpMs: number;
  reloads: number;
  /** Requests per second while HAProxy was reloaded. */
  reloadRate: number;
  /** Longest time without a good answer meanwhile. */
  longestGapMs: number;
}

export const NO_FIGURES: Figures = { agentPid: 0, startUpMs: 0, reloads: 0, reloadRate: 0, longestGapMs: 0 };

const [STEADY, FICKLE] = BACKENDS;
const START_TIMEOUT_MS = 15_000;
/** A plugged address has to pass duplicate address detection first. */
const ADDRESS_TIMEOUT_MS = 10_000;
const LIGHT_RATE = 50;
const HEAVY_RATE = 250;
const LEAST_RATE = 200;
const RELOADS = 12;
const RELOAD_SPACING_MS = 850;
const LEAST_LOAD_MS = 10_000;

/** Up to a load balancer at work. */
export const CREATION: readonly Step[] = [
  { title: "the agent starts", play: startAgent },
  { title: "the VIP is plugged", play: plugVip },
  { title: "a listener is created", play: createListener },
  { title: "a pool with two members", play: createPool },
  { title: "requests reach both members", play: sendRequests },
];

/** What a load balancer goes through afterwards. */
export const LIFE: readonly Step[] = [
  { title: `${FICKLE.name} is killed`, play: loseBackend },
  { title: `${FICKLE.name} returns`, play: regainBackend },
  { title: `${RELOADS} reloads under load`, play: reloadUnderLoad },
  { title: "weights become 3 to 1", play: changeWeights },
  { title: "a member is removed", play: removeMember },
  { title: "the listener is deleted", play: deleteListener },
];

async function startAgent(stage: Stage, figures: Figures): Promise<string> {
  const { pid, startedAt } = await stage.startAgent();
  const answered = async () => {
    await stage.controller.greet(stage.signal);
    return performance.now() - startedAt;
  };
  const options = { timeoutMs: START_TIMEOUT_MS, signal: stage.signal };
  figures.agentPid = pid;
  figures.startUpMs = await until("the agent answers", answered, options);
  await until("the first heartbeat arrives", () => stage.health.latest !== undefined, options);
  return `first answer after ${Math.round(figures.startUpMs)} ms`;
}

async function plugVip({ hypervisor, controller, signal }: Stage): Promise<string> {
  await hypervisor.plugVipPort();
  await controller.plugVip(signal);
  const wanted = [VIP_NETWORK.v4.vip, VIP_NETWORK.v4.vrrpIp, VIP_NETWORK.v6.vip];
  const plugged = async () => {
    const text = await run("ip", [
      "-n",
      "amphora-haproxy",
      "-json",
      "address",
      "show",
      "dev",
      "eth1",
      "-tentative",
    ]);
    return wanted.every((address) => text.includes(`"local":"${address}"`));
  };
  await until("eth1 has all addresses", plugged, { timeoutMs: ADDRESS_TIMEOUT_MS, signal });
  return `eth1 has ${VIP_NETWORK.v4.vip} and ${VIP_NETWORK.v6.vip}`;
}

async function createListener({ controller, health, load, signal }: Stage): Promise<string> {
  const outcome = await controller.update(loadBalancer({}), signal);
  if (outcome !== "started") throw new Error(`the first reload did not start HAProxy: ${outcome}`);
  const listeners = await controller.listeners(signal);
  if (listeners.join() !== LISTENER_ID)
    throw new Error(`the agent lists other listeners: ${listeners.join()}`);
  for (const host of VIP_HOSTS) {
    const answered = async () => (await load.probe(host, signal)).status === 503;
    await until(`${host} answers 503, having no pool`, answered, { timeoutMs: STATUS_TIMEOUT_MS, signal });
  }
  const open = () => health.latest?.listeners.get(LISTENER_ID)?.status === "OPEN";
  await until("a heartbeat says OPEN", open, { timeoutMs: STATUS_TIMEOUT_MS, signal });
  return "OPEN; both VIPs answer 503";
}

async function createPool(stage: Stage): Promise<string> {
  const { hypervisor, controller, signal } = stage;
  await Promise.all(BACKENDS.map(stage.startBackend));
  await hypervisor.plugMemberPort();
  await controller.plugMemberNetwork(signal);
  await controller.update(loadBalancer({ pool: pool() }), signal);
  for (const backend of BACKENDS) await statusBecomes(stage, backend.memberId, "UP");
  return "both UP in a heartbeat";
}

async function sendRequests(stage: Stage): Promise<string> {
  const { load, health, signal } = stage;
  const connectionsBefore = health.figures.connections;
  const before = await load.settle(signal);
  load.setRate(LIGHT_RATE);
  await bothAnswer(stage, before, 20);
  const { sent } = await settledWithoutFailure(stage, before);
  // A controller's statistics are sums of what heartbeats say: they must come to the client's own count.
  const counted = () => health.figures.connections - connectionsBefore >= sent;
  await until(`heartbeats account for ${sent} requests`, counted, {
    ...{ timeoutMs: STATUS_TIMEOUT_MS, signal },
    seen: () => `they say ${health.figures.connections - connectionsBefore}`,
  });
  return `${sent} requests, 0 failed; heartbeats agree`;
}

async function loseBackend(stage: Stage): Promise<string> {
  const { load, signal } = stage;
  // A request that is inside a server at the moment of its death is lost with any load balancer: let none be.
  const before = await load.settle(signal);
  await stage.killBackend(FICKLE);
  const killedAt = performance.now();
  load.setRate(LIGHT_RATE);
  await statusBecomes(stage, FICKLE.memberId, "DOWN");
  const downAfter = (performance.now() - killedAt) / 1000;
  const { sent } = await settledWithoutFailure(stage, before);
  return `DOWN after ${downAfter.toFixed(1)} s; ${sent} requests, 0 failed`;
}

async function regainBackend(stage: Stage): Promise<string> {
  const { load, signal } = stage;
  const before = await load.settle(signal);
  load.setRate(LIGHT_RATE);
  await stage.startBackend(FICKLE);
  const startedAt = performance.now();
  await statusBecomes(stage, FICKLE.memberId, "UP");
  const upAfter = (performance.now() - startedAt) / 1000;
  await bothAnswer(stage, before, 10);
  const { sent } = await settledWithoutFailure(stage, before);
  return `UP after ${upAfter.toFixed(1)} s; ${sent} requests, 0 failed`;
}

async function reloadUnderLoad(stage: Stage, figures: Figures): Promise<string> {
  const { controller, load, signal } = stage;
  const before = await load.settle(signal);
  const workers = new Set([await stage.haproxyWorker()]);
  load.forgetMaxima();
  const startedAt = performance.now();
  load.setRate(HEAVY_RATE);
  for (let count = 1; count <= RELOADS; count += 1) {
    await sleepUntil(startedAt + count * RELOAD_SPACING_MS, signal);
    // A changed client timeout can only take effect by a new worker.
    const changed = loadBalancer({ pool: pool(), clientTimeoutMs: 50_000 + count });
    const outcome = await controller.update(changed, signal);
    if (outcome !== "reloaded") throw new Error(`HAProxy was not running at reload ${count}: ${outcome}`);
    const replaced = async () => {
      const worker = await stage.haproxyWorker();
      return !workers.has(worker) && worker;
    };
    const options = { timeoutMs: STATUS_TIMEOUT_MS, signal };
    workers.add(await until(`reload ${count} brings a new HAProxy worker`, replaced, options));
    figures.reloads = count;
  }
  await sleepUntil(startedAt + LEAST_LOAD_MS, signal);
  const loadedMs = performance.now() - startedAt;
  const { sent } = await settledWithoutFailure(stage, before);
  figures.reloadRate = (sent * 1000) / loadedMs;
  figures.longestGapMs = load.longestGapMs;
  if (figures.reloadRate < LEAST_RATE)
    throw new Error(`this machine managed only ${Math.round(figures.reloadRate)} requests/s`);
  return `${Math.round(figures.reloadRate)} requests/s, 0 of ${sent} failed, longest gap ${Math.round(figures.longestGapMs)} ms`;
}

/** @param at - milliseconds of `performance.now()` */
async function sleepUntil(at: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, at - performance.now()), undefined, { signal });
}

async function changeWeights(stage: Stage): Promise<string> {
  const { controller, load, signal } = stage;
  await controller.update(loadBalancer({ pool: pool({ weights: [3, 1] }) }), signal);
  for (const backend of BACKENDS) await statusBecomes(stage, backend.memberId, "UP");
  const before = await load.settle(signal);
  load.setRate(HEAVY_RATE);
  await until("400 requests are answered", () => load.latest.succeeded - before.succeeded >= 400, {
    ...{ timeoutMs: STATUS_TIMEOUT_MS, signal },
  });
  const after = await settledWithoutFailure(stage, before);
  const share = (after.byBackend[STEADY.name] ?? 0) / after.sent;
  if (Math.abs(share - 0.75) > 0.05)
    throw new Error(`${STEADY.name} got ${Math.round(share * 100)} % in place of 75 %`);
  return `${STEADY.name} gets ${Math.round(share * 100)} % of ${after.sent} requests`;
}

async function removeMember(stage: Stage): Promise<string> {
  const { controller, health, load, signal } = stage;
  const before = await load.settle(signal);
  load.setRate(LIGHT_RATE);
  await controller.update(loadBalancer({ pool: pool({ members: [STEADY] }) }), signal);
  const gone = () => memberStatus(health.latest, FICKLE.memberId) === undefined;
  await until("heartbeats no longer name it", gone, { timeoutMs: STATUS_TIMEOUT_MS, signal });
  const between = await settledWithoutFailure(stage, before);
  const rest = await load.settle(signal);
  load.setRate(LIGHT_RATE);
  await until("the other member answers", () => load.latest.succeeded - rest.succeeded >= 20, {
    ...{ timeoutMs: STATUS_TIMEOUT_MS, signal },
  });
  const after = await settledWithoutFailure(stage, rest);
  if (after.byBackend[FICKLE.name] !== undefined) throw new Error(`${FICKLE.name} still gets requests`);
  return `${between.sent + after.sent} requests, 0 failed`;
}

async function deleteListener({ controller, health, load, signal }: Stage): Promise<string> {
  await load.settle(signal);
  await controller.deleteListeners(signal);
  for (const host of VIP_HOSTS) {
    const { status, reason } = await load.probe(host, signal);
    if (reason !== "ECONNREFUSED") throw new Error(`${host} still answers: ${status ?? reason}`);
  }
  const listeners = await controller.listeners(signal);
  if (listeners.length > 0) throw new Error(`the agent still lists ${listeners.join()}`);
  const empty = () => health.latest?.listeners.size === 0 && health.latest.pools.size === 0;
  await until("a heartbeat without listeners", empty, { timeoutMs: STATUS_TIMEOUT_MS, signal });
  return "both VIPs refuse connections";
}
