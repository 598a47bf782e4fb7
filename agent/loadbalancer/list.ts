/** Which load balancers this amphora has. */
import { directoriesIn, isFile } from "../system/files.ts";
import { parseLoadBalancerId } from "./ids.ts";
import { layoutOf } from "./layout.ts";
import type { LoadBalancerId } from "./types.ts";

/** Ids of the load balancers that have a configuration, sorted. */
export async function listLoadBalancers(basePath: string): Promise<LoadBalancerId[]> {
  const ids: LoadBalancerId[] = [];
  for (const name of (await directoriesIn(basePath)).sort()) {
    const id = parseLoadBalancerId(name);
    if (id && (await isFile(layoutOf(basePath, id).config))) ids.push(id);
  }
  return ids;
}
