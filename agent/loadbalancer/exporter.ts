/** Whether HAProxy is to export metrics: what a PROMETHEUS listener adds to a configuration. */
import { readIfPresent } from "../system/files.ts";
import { layoutOf } from "./layout.ts";
import { listLoadBalancers } from "./list.ts";

/** @see docs/contract/metrics.md, section 1 */
const EXPORTER = /^frontend\s+prometheus-exporter-internal-endpoint\s*$/m;

export async function hasExporter(basePath: string): Promise<boolean> {
  for (const id of await listLoadBalancers(basePath)) {
    const config = await readIfPresent(layoutOf(basePath, id).config);
    if (config && EXPORTER.test(config.toString("latin1"))) return true;
  }
  return false;
}
