/** The sandbox's world while it runs: everything that a step of the story can see and move. */
import { readIfPresent } from "../system/files.ts";
import { run } from "../system/run.ts";
import { ask } from "../system/unix-socket.ts";
import { type Actor, type OnLost, startBackend } from "./actors.ts";
import { type AgentProcess, startAgent, writeAgentFiles } from "./agent-process.ts";
import { type Call, type Controller, createController } from "./controller.ts";
import { type HealthReceiver, startHealthReceiver } from "./health-receiver.ts";
import { createHypervisor, type Hypervisor } from "./hypervisor.ts";
import { createIdentity } from "./identity.ts";
import { type Load, startLoad } from "./load.ts";
import { AMPHORA_ID, type Backend, STATS_SOCKET } from "./scene.ts";

export interface Stage {
  readonly signal: AbortSignal;
  readonly hypervisor: Hypervisor;
  readonly controller: Controller;
  readonly health: HealthReceiver;
  readonly load: Load;
  readonly startAgent: () => Promise<AgentProcess>;
  readonly startBackend: (backend: Backend) => Promise<void>;
  readonly killBackend: (backend: Backend) => Promise<void>;
  /** Process id of HAProxy's present worker, by its own word. */
  readonly haproxyWorker: () => Promise<string>;
  /** Ends everything that was started. */
  readonly strike: () => Promise<void>;
}

export interface StageOptions {
  readonly signal: AbortSignal;
  readonly onCall: (call: Call) => void;
  /** Called when the agent or an actor ends that should not. */
  readonly lost: OnLost;
}

const ASK_TIMEOUT_MS = 2_000;

/** Builds networks and hosts, and starts all but the agent and the backends. */
export async function setStage({ signal, onCall, lost }: StageOptions): Promise<Stage> {
  const hypervisor = createHypervisor(run);
  const [identity, health] = await Promise.all([
    createIdentity(AMPHORA_ID),
    startHealthReceiver(),
    hypervisor.buildNetworks(),
  ]);
  await writeAgentFiles(identity);
  const load = startLoad(lost);
  const backends = new Map<string, Actor>();
  let agent: AgentProcess | undefined;
  return {
    ...{ signal, hypervisor, health, load },
    controller: createController(identity, onCall),
    async startAgent() {
      agent = await startAgent(lost);
      return agent;
    },
    async startBackend(backend) {
      backends.set(backend.name, await startBackend(backend.name, backend, lost));
    },
    async killBackend({ name }) {
      await backends.get(name)?.kill();
      backends.delete(name);
    },
    haproxyWorker,
    async strike() {
      await load.kill();
      await Promise.all([...backends.values()].map((backend) => backend.kill()));
      await agent?.stop();
      await health.close();
    },
  };
}

async function haproxyWorker(): Promise<string> {
  const answer = await ask(STATS_SOCKET, "show info", { timeoutMs: ASK_TIMEOUT_MS });
  const pid = /^Pid: (\d+)$/m.exec(answer.toString("latin1"))?.[1];
  if (pid === undefined) throw new Error("HAProxy's statistics socket does not tell a process id");
  return pid;
}

/** Proportional set size: a process's own memory and its part of what it shares. 0 when it is gone. */
export async function processMemoryBytes(pid: number): Promise<number> {
  const rollup = await readIfPresent(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup?.toString("latin1") ?? "")?.[1] ?? 0) * 1024;
}
