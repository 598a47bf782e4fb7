/** Which services this amphora has, by the configurations on its disk. */
import { listLoadBalancers } from "../loadbalancer/list.ts";
import { listLvsListeners } from "../lvs/list.ts";
import { isFile } from "../system/files.ts";
import { vrrpLayout } from "../vrrp/layout.ts";
import type { Service } from "./types.ts";

/** In the order of their start: what keepalived checks comes before it. */
export async function readServices(basePath: string): Promise<Service[]> {
  const [loadBalancers, listeners, hasVrrp] = await Promise.all([
    listLoadBalancers(basePath),
    listLvsListeners(basePath),
    isFile(vrrpLayout(basePath).config),
  ]);
  return [
    ...loadBalancers.map((id) => ({ kind: "haproxy", id }) as const),
    ...listeners.map((id) => ({ kind: "lvs", id }) as const),
    ...(hasVrrp ? [{ kind: "vrrp" } as const] : []),
  ];
}
