/** `amphora sandbox`: a load balancer at work on this machine, in namespaces of its own. */
import type { BackendSettings, ClientSettings } from "../sandbox/actor-messages.ts";
import { enterSandbox, execInSandbox } from "../sandbox/enter.ts";
import { missingRequirements } from "../sandbox/requirements.ts";
import type { ShowSettings } from "../sandbox/show.ts";

/** @returns exit code: 0 when everything held */
export async function sandbox(settings: ShowSettings): Promise<number> {
  const missing = await missingRequirements();
  for (const line of missing) console.error(`amphora sandbox: ${line}`);
  return missing.length === 0 ? enterSandbox(settings) : 1;
}

/**
 * Runs a command on the client host of the running sandbox.
 * @returns the command's exit code
 */
export async function sandboxExec(command: readonly string[]): Promise<number> {
  return execInSandbox(command.length === 0 ? ["bash"] : command);
}

/**
 * The programs that a sandbox consists of; it starts them itself.
 * @param settings - JSON
 */
export async function sandboxActor(actor: string, settings: string): Promise<number> {
  switch (actor) {
    case "show": {
      const { runShow } = await import("../sandbox/show.ts");
      return runShow(JSON.parse(settings) as ShowSettings);
    }
    case "backend": {
      const { runBackend } = await import("../sandbox/backend.ts");
      return runBackend(JSON.parse(settings) as BackendSettings);
    }
    case "client": {
      const { runClient } = await import("../sandbox/load-generator.ts");
      return runClient(JSON.parse(settings) as ClientSettings);
    }
    default:
      throw new Error(`no such actor: ${actor}`);
  }
}
