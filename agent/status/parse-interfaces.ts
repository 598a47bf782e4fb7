/** Interfaces with their links and addresses, as `ip -j addr show` prints them. */
import { AgentError } from "../errors.ts";

export interface FoundInterface {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  /** The kernel's `LOWER_UP`: a cable, or whatever stands for it. */
  readonly carrier: boolean;
  readonly addresses: readonly {
    readonly address: string;
    readonly prefix: number;
    /** Another host answered for it. */
    readonly duplicate: boolean;
  }[];
}

/** @throws AgentError `internal` when iproute2 printed something else */
export function parseInterfaces(text: string): FoundInterface[] {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch (cause) {
    throw new AgentError("internal", "ip did not print JSON", { cause });
  }
  if (!Array.isArray(rows)) throw new AgentError("internal", "ip did not print a list");
  // An empty object stands for a row that a filter left out.
  return rows.filter(isRow).map((row) => ({
    name: row.ifname,
    mac: row.address ?? "",
    mtu: row.mtu ?? 0,
    up: row.flags?.includes("UP") ?? false,
    carrier: row.flags?.includes("LOWER_UP") ?? false,
    addresses: (row.addr_info ?? []).flatMap(({ local, prefixlen, dadfailed }) =>
      local === undefined || prefixlen === undefined
        ? []
        : { address: local, prefix: prefixlen, duplicate: dadfailed ?? false },
    ),
  }));
}

interface Row {
  readonly ifname: string;
  readonly address?: string;
  readonly mtu?: number;
  readonly flags?: readonly string[];
  readonly addr_info?: readonly {
    readonly local?: string;
    readonly prefixlen?: number;
    readonly dadfailed?: boolean;
  }[];
}

function isRow(row: unknown): row is Row {
  return typeof row === "object" && row !== null && "ifname" in row && typeof row.ifname === "string";
}
