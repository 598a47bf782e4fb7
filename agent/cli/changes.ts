/** `amphora diff` and `amphora history`: what a load balancer's next reload would change, and what the last ones have. */
import process from "node:process";
import { loadConfig } from "../config/load.ts";
import { layoutOf } from "../loadbalancer/layout.ts";
import { listLoadBalancers } from "../loadbalancer/list.ts";
import { readHistory } from "../loadbalancer/runtime/history.ts";
import { readOutlook } from "../loadbalancer/runtime/read-comparison.ts";
import type { LoadBalancerId } from "../loadbalancer/types.ts";
import { choose } from "./haproxy.ts";
import { renderHistory, renderOutlook } from "./render-changes.ts";

export interface ChangesSettings {
  readonly configFile: readonly string[];
  /** Needed only where there are several. */
  readonly loadBalancer: string | undefined;
  readonly json: boolean;
}

const DIFFERENT = 3;

/** @returns exit code: 0 for the same, 3 for a difference */
export async function diffCommand(settings: ChangesSettings): Promise<number> {
  const { basePath, id } = await chosen(settings);
  const outlook = await readOutlook(basePath, id);
  print(settings.json ? JSON.stringify(outlook, undefined, 2) : renderOutlook(outlook));
  return outlook.differences.length === 0 && outlook.reload === "nothing" ? 0 : DIFFERENT;
}

/** @returns exit code 0 */
export async function historyCommand(settings: ChangesSettings): Promise<number> {
  const { basePath, id } = await chosen(settings);
  const entries = await readHistory(layoutOf(basePath, id));
  print(settings.json ? JSON.stringify(entries, undefined, 2) : renderHistory(entries));
  return 0;
}

async function chosen({
  configFile,
  loadBalancer,
}: ChangesSettings): Promise<{ readonly basePath: string; readonly id: LoadBalancerId }> {
  const { basePath } = (await loadConfig(configFile)).config;
  return { basePath, id: choose(await listLoadBalancers(basePath), loadBalancer) };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
