/** Where a service's words go that the agent itself runs. */
import { layoutOf } from "../loadbalancer/layout.ts";
import { lvsLayout } from "../lvs/layout.ts";
import { vrrpLayout } from "../vrrp/layout.ts";
import type { Service } from "./types.ts";

export function outputOf(service: Service, basePath: string): string {
  switch (service.kind) {
    case "haproxy":
      return layoutOf(basePath, service.id).output;
    case "vrrp":
      return vrrpLayout(basePath).output;
    case "lvs":
      return lvsLayout(basePath, service.id).output;
  }
}
