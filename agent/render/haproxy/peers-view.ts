/** Who shares stick tables (docs/contract/rendering.md, 3.6 and 4.5); pure. */
import { peerName } from "../../peer-name.ts";
import type { Amphora } from "../document/types.ts";

export function peersView(section: string, amphorae: readonly Amphora[]) {
  return {
    path: "$.topology",
    section,
    amphorae: amphorae.flatMap(({ id, status, vrrp_ip }, index) =>
      status === "ALLOCATED"
        ? [{ path: `$.amphorae[${index}]`, name: peerName(id), address: vrrp_ip ?? "None" }]
        : [],
    ),
  };
}
