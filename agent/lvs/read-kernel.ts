/** Asks the kernel about virtual services, at the cost of one program for all listeners. */
import { NAMESPACE_HANDLE } from "../config/paths.ts";
import { AgentError } from "../errors.ts";
import { readNamespaceFile } from "../system/namespace-file.ts";
import type { Run, RunOptions } from "../system/run.ts";
import { type KernelState, parseCounters, parseServers } from "./parse-kernel.ts";

/** @param pids - processes that should live in the namespace */
export type ReadKernel = (pids: readonly number[], options: RunOptions) => Promise<KernelState>;

/**
 * Weights and connections come from a file. Counters of a service are only to be had through netlink, which
 * Node does not speak: ipvsadm does.
 * @throws AgentError `commandFailed`, `unavailable`
 */
export function createKernelReader(run: Run, readFile = readNamespaceFile): ReadKernel {
  const inNamespace: Run = (file, args, options) =>
    run("nsenter", [`--net=${NAMESPACE_HANDLE}`, "--", file, ...args], options);

  async function readTable(pids: readonly number[], options: RunOptions): Promise<string> {
    for (const pid of pids) {
      const table = await readFile(pid, NAMESPACE_HANDLE, "ip_vs");
      if (table) return table.toString("latin1");
    }
    return await inNamespace("cat", ["/proc/net/ip_vs"], options);
  }

  return async (pids, options) => {
    const [table, statistics] = await Promise.all([
      readTable(pids, options),
      inNamespace("ipvsadm", ["-Ln", "--stats", "--exact"], options),
    ]);
    const servers = parseServers(table);
    if (servers.size === 0 && !table.startsWith("IP Virtual Server")) {
      throw new AgentError("unavailable", "/proc/net/ip_vs is not the kernel's table of services");
    }
    return { servers, counters: parseCounters(statistics) };
  };
}
