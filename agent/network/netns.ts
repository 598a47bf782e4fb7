/** The namespace as a place to run programs in: seen from outside, or from a process that lives in it. */
import { NAMESPACE, NAMESPACE_HANDLE } from "../config/paths.ts";
import { AgentError } from "../errors.ts";
import type { Outcome, RunOptions, Try } from "../system/run.ts";

export interface Netns {
  /** Runs iproute2 on the namespace. */
  ip(args: readonly string[], input?: string): Promise<Outcome>;
  /** Runs a program inside the namespace. Exit code 127: there is no such program. */
  exec(file: string, args: readonly string[], options?: RunOptions): Promise<Outcome>;
}

/** For processes of the root namespace; the namespace itself may be missing. */
export function namespaceFromRoot(run: Try): Netns {
  return {
    ip: (args, input) => run("ip", ["-n", NAMESPACE, ...args], { input }),
    // Unlike `ip netns exec`, nsenter does not mount /sys anew, which nothing here needs.
    exec: (file, args, options) =>
      run("nsenter", [`--net=${NAMESPACE_HANDLE}`, "--", file, ...args], options),
  };
}

/** For processes that were started inside the namespace. */
export function currentNamespace(run: Try): Netns {
  return {
    ip: (args, input) => run("ip", args, { input }),
    exec: (file, args, options) => run(file, args, options),
  };
}

/** Creates the namespace unless it is there. @throws AgentError `commandFailed` */
export async function createNamespace(run: Try): Promise<void> {
  const { exitCode, output } = await run("ip", ["netns", "add", NAMESPACE]);
  if (exitCode === 0 || output.includes("File exists")) return;
  throw new AgentError("commandFailed", `cannot create the namespace ${NAMESPACE}`, {
    details: output.trim(),
  });
}

/**
 * Output of a command that only looks.
 * @returns undefined when the namespace does not exist
 * @throws AgentError `commandFailed`
 */
export function readOutput({ exitCode, stdout, output }: Outcome): string | undefined {
  if (exitCode === 0) return stdout;
  if (/^Cannot open network namespace .*: No such file/m.test(output)) return undefined;
  throw new AgentError("commandFailed", "cannot read the network's state", { details: output.trim() });
}
