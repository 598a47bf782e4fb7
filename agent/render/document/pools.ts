/** Pools of a document, wherever they stand in it (docs/contract/rendering.md, 1.8 "Pool lookup"); pure. */
import type { Listener, LoadBalancer, Pool } from "./types.ts";

/** A pool, and its JSON path. */
export interface FoundPool {
  readonly pool: Pool;
  readonly path: string;
}

export type PoolTable = ReadonlyMap<string, FoundPool>;

/** Every pool by its id: those of the load balancer first, then those nested in listeners; the first one counts. */
export function poolTable({ pools, listeners }: LoadBalancer): PoolTable {
  const table = new Map<string, FoundPool>();
  const add = (pool: Pool | null | undefined, path: string) => {
    if (pool && !table.has(pool.pool_id)) table.set(pool.pool_id, { pool, path });
  };
  pools?.forEach((pool, index) => {
    add(pool, `$.loadbalancer.pools[${index}]`);
  });
  listeners?.forEach(({ default_pool }, index) => {
    add(default_pool, `$.loadbalancer.listeners[${index}].default_pool`);
  });
  return table;
}

/** @returns undefined for a listener without one, and for one whose pool is not in the table or gone */
export function defaultPool(
  { default_pool_id, default_pool }: Listener,
  table: PoolTable,
): FoundPool | undefined {
  const found = table.get(default_pool_id ?? default_pool?.pool_id ?? "");
  return found && !isGone(found.pool) ? found : undefined;
}

/** Whether an object is about to be deleted: it is treated as not there. */
export function isGone({
  provisioning_status,
}: {
  readonly provisioning_status?: string | null | undefined;
}): boolean {
  return provisioning_status === "PENDING_DELETE";
}

/** Whether an object is not disabled. */
export function isEnabled({
  admin_state_up,
}: {
  readonly admin_state_up?: boolean | null | undefined;
}): boolean {
  return admin_state_up ?? true;
}
