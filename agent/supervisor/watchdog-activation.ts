/** The watchdog, loaded where systemd has started the agent and wants to hear of it. */
import { readServiceManager } from "../config/service-manager.ts";
import type { Config } from "../config/types.ts";
import type { Watchdog, WatchdogOptions } from "./watchdog.ts";

export interface ActivationOptions extends Pick<WatchdogOptions, "heartbeat" | "clock" | "logger"> {
  /** In force. */
  readonly config: () => Pick<Config, "basePath" | "heartbeatIntervalSeconds">;
}

/** @returns undefined where nobody wants to hear of it */
export async function openWatchdog({ config, ...options }: ActivationOptions): Promise<Watchdog | undefined> {
  const manager = readServiceManager();
  if (!manager) return undefined;
  const [{ startWatchdog }, { answersOthers }] = await Promise.all([
    import("./watchdog.ts"),
    import("./answers-others.ts"),
  ]);
  const heartbeatIntervalMs = (): number => config().heartbeatIntervalSeconds * 1_000;
  return startWatchdog({
    ...options,
    manager,
    heartbeatIntervalMs,
    answers: (id) => answersOthers(config().basePath, id, heartbeatIntervalMs()),
  });
}
