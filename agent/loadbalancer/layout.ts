/** Where the files of a load balancer are (docs/contract/rest-api.md, 4.3). */
import type { LoadBalancerId } from "./types.ts";

export interface Layout {
  readonly directory: string;
  readonly config: string;
  /** Written, not yet checked. */
  readonly staged: string;
  /** The last one that HAProxy refused, for the operator. */
  readonly rejected: string;
  /** The one before the active one. */
  readonly previous: string;
  /** What HAProxy reads instead while files of listeners are gone; later a link to `config`. */
  readonly partial: string;
  /** Names {@link partial} to the unit, while it is to be read. */
  readonly partialEnvironment: string;
  readonly pidFile: string;
  readonly serversState: string;
  /** HAProxy's stats socket; the controller's configuration names the same path. */
  readonly socket: string;
  /** The agent's own piece of configuration. */
  readonly agentConfig: string;
  /** HAProxy's stats socket for the agent alone, with all rights. */
  readonly adminSocket: string;
  /** Socket of HAProxy's master process. */
  readonly masterSocket: string;
  /** What HAProxy works with, as far as the agent has brought it there. */
  readonly running: string;
  /** Servers that it has for their clients' sake alone. */
  readonly leaving: string;
  /** The last changes, for operators. */
  readonly history: string;
  /** What HAProxy prints when the agent itself runs it. */
  readonly output: string;
  /** What the agent itself has to run, and whether. */
  readonly record: string;
}

export function layoutOf(basePath: string, id: LoadBalancerId): Layout {
  const directory = `${basePath}/${id}`;
  const config = `${directory}/haproxy.cfg`;
  return {
    directory,
    config,
    staged: `${config}.new`,
    rejected: `${config}.new-failed`,
    previous: `${config}.previous`,
    partial: `${config}.partial`,
    partialEnvironment: `${directory}/partial.env`,
    pidFile: `${directory}/${id}.pid`,
    serversState: `${directory}/servers-state`,
    socket: `${basePath}/${id}.sock`,
    agentConfig: `${directory}/agent.cfg`,
    adminSocket: `${directory}/admin.sock`,
    masterSocket: `${directory}/master.sock`,
    running: `${directory}/running.json`,
    leaving: `${directory}/leaving.json`,
    history: `${directory}/history.json`,
    output: `${directory}/haproxy.out`,
    record: `${directory}/supervisor.json`,
  };
}
