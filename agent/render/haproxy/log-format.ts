/** The log format of a frontend (docs/contract/rendering.md, 5.3); pure. */
import type { LoadBalancer } from "../document/types.ts";
import type { ServedProtocol } from "./listeners.ts";

/** Items that HAProxy knows of HTTP requests only, in the order in which they are looked for. */
const HTTP_ITEMS = ["%{+Q}r", "%r", "%{+Q}ST", "%ST"];

export function encodeLogFormat(
  format: string,
  { project_id, loadbalancer_id }: LoadBalancer,
  protocol: ServedProtocol,
): string {
  // Functions, as a replacement text has special characters.
  const named = format
    .replaceAll("{{ project_id }}", () => project_id ?? "")
    .replaceAll("{{ lb_id }}", () => loadbalancer_id);
  const isHttp = protocol === "HTTP" || protocol === "TERMINATED_HTTPS";
  const known = isHttp ? named : HTTP_ITEMS.reduce((text, item) => text.replaceAll(item, "-"), named);
  return known.replaceAll(" ", "\\ ");
}
