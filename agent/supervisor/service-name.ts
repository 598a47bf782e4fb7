/** What services are called. */
import type { Service } from "./types.ts";

/** Name of a service's unit (docs/contract/rest-api.md, 2.3, 2.6 and 2.9). */
export function unitName(service: Service): string {
  switch (service.kind) {
    case "haproxy":
      return `haproxy-${service.id}.service`;
    case "vrrp":
      return "octavia-keepalived.service";
    case "lvs":
      return `octavia-keepalivedlvs-${service.id}.service`;
  }
}

/** Fields that say in the log which service a line is about. */
export function logFields(service: Service): Record<string, string> {
  switch (service.kind) {
    case "haproxy":
      return { service: "haproxy", lbId: service.id };
    case "vrrp":
      return { service: "vrrp" };
    case "lvs":
      return { service: "lvs", listenerId: service.id };
  }
}
