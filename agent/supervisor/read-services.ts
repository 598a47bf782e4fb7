/** Which services this amphora has, by the configurations on its disk. */
import { layoutOf } from "../loadbalancer/layout.ts";
import { listLoadBalancers } from "../loadbalancer/list.ts";
import { lvsLayout } from "../lvs/layout.ts";
import { listLvsListeners } from "../lvs/list.ts";
import { isFile } from "../system/files.ts";
import { vrrpLayout } from "../vrrp/layout.ts";
import type { Service } from "./types.ts";

/** In the order of their start: what keepalived checks comes before it. */
export async function readServices(basePath: string): Promise<Service[]> {
  const [loadBalancers, listeners, hasVrrp] = await Promise.all([
    listLoadBalancers(basePath),
    listLvsListeners(basePath),
    isConfigured(basePath, { kind: "vrrp" }),
  ]);
  return [
    ...loadBalancers.map((id) => ({ kind: "haproxy", id }) as const),
    ...listeners.map((id) => ({ kind: "lvs", id }) as const),
    ...(hasVrrp ? [{ kind: "vrrp" } as const] : []),
  ];
}

/** Whether this amphora has that service: the same as being in {@link readServices}, without looking at the others. */
export function isConfigured(basePath: string, service: Service): Promise<boolean> {
  switch (service.kind) {
    case "haproxy":
      return isFile(layoutOf(basePath, service.id).config);
    case "vrrp":
      return isFile(vrrpLayout(basePath).config);
    case "lvs":
      return isFile(lvsLayout(basePath, service.id).config);
  }
}
