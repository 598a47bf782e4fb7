/** `amphora haproxy`: a command for the runtime API of a load balancer's HAProxy. */
import process from "node:process";
import { loadConfig } from "../config/load.ts";
import { AgentError, systemErrorCode } from "../errors.ts";
import { parseLoadBalancerId } from "../loadbalancer/ids.ts";
import { layoutOf } from "../loadbalancer/layout.ts";
import { listLoadBalancers } from "../loadbalancer/list.ts";
import type { LoadBalancerId } from "../loadbalancer/types.ts";
import { ask } from "../system/unix-socket.ts";

const ANSWER_TIMEOUT_MS = 30_000;
const REFUSED = 1;
/** HAProxy has no exit codes; these words begin an answer to what it did not do (HAProxy 2.6, seen). */
const REFUSALS = /^(?:Unknown command|Permission denied|No such |Require |Invalid |Missing |Can't find )/m;

export interface HaproxySettings {
  readonly configFile: readonly string[];
  /** Needed only where there are several. */
  readonly loadBalancer: string | undefined;
  /** Ask the process that starts workers, not the worker. */
  readonly master: boolean;
  /** `help` without any. */
  readonly words: readonly string[];
}

/**
 * Prints HAProxy's answer as it is.
 * @returns exit code: 0, or 1 when HAProxy did not do it
 * @throws AgentError when there is no such load balancer, or its HAProxy does not answer
 */
export async function haproxyCommand(settings: HaproxySettings): Promise<number> {
  const { config } = await loadConfig(settings.configFile);
  const ids = await listLoadBalancers(config.basePath);
  const { socket, masterSocket } = layoutOf(config.basePath, choose(ids, settings.loadBalancer));
  const command = settings.words.length > 0 ? settings.words.join(" ") : "help";
  const answer = await askHaproxy(settings.master ? masterSocket : socket, command, settings.master);
  process.stdout.write(answer);
  return REFUSALS.test(answer.subarray(0, 1_024).toString("utf8")) ? REFUSED : 0;
}

/**
 * @param wanted - as the user gave it
 * @throws AgentError `notFound` without a load balancer, `invalidInput` when it has to be said which one
 */
export function choose(ids: readonly LoadBalancerId[], wanted: string | undefined): LoadBalancerId {
  if (wanted !== undefined) {
    const id = parseLoadBalancerId(wanted);
    if (id && ids.includes(id)) return id;
    throw new AgentError(
      "notFound",
      `no load balancer ${wanted} here; there is: ${ids.join(", ") || "none"}`,
    );
  }
  const [only, ...others] = ids;
  if (only === undefined) throw new AgentError("notFound", "this amphora has no load balancer yet");
  if (others.length === 0) return only;
  throw new AgentError("invalidInput", `which one? --load-balancer ID, of: ${ids.join(", ")}`);
}

async function askHaproxy(path: string, command: string, isMaster: boolean): Promise<Buffer> {
  try {
    // The master, unlike a worker, would wait for another command.
    return await ask(path, isMaster ? `${command};quit` : command, { timeoutMs: ANSWER_TIMEOUT_MS });
  } catch (error) {
    const reason = REASONS[systemErrorCode(error) ?? ""];
    if (reason === undefined) throw error;
    throw new AgentError("unavailable", `${path}: ${reason}`, { cause: error });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such socket; HAProxy has not been started",
  ECONNREFUSED: "nobody answers; HAProxy does not run",
  EACCES: "only root may ask; try sudo",
};
