/** `amphora exec` and `amphora shell`: programs inside the namespace, where the VIP and the members are. */
import process from "node:process";
import { NAMESPACE, NAMESPACE_HANDLE } from "../config/paths.ts";
import { AgentError } from "../errors.ts";
import { runAttached } from "../system/attached.ts";
import { isFile } from "../system/files.ts";

/** What shells of Debian show in their prompt, so that nobody mistakes where he is. */
const PROMPT = `debian_chroot=${NAMESPACE}`;
/** The user's own one; which it is, the environment tells it. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's.
const USERS_SHELL = ["sh", "-c", 'exec "${SHELL:-sh}"'];

/**
 * @returns the command's exit code; 126 when it may not be run, 127 when there is no such program
 * @throws AgentError without a command, without the namespace, and for users who may not enter it
 */
export async function execInside(command: readonly string[]): Promise<number> {
  if (command.length === 0)
    throw new AgentError("invalidInput", "which command? amphora exec -- ip -br addr");
  await requireNamespace();
  // Itself, `ip netns exec` has one exit code for all that it cannot start.
  return runAttached("ip", ["netns", "exec", NAMESPACE, "env", "--", ...command]);
}

/** @returns the shell's exit code. @throws as {@link execInside} */
export async function shellInside(): Promise<number> {
  await requireNamespace();
  return runAttached("ip", ["netns", "exec", NAMESPACE, "env", PROMPT, ...USERS_SHELL]);
}

/** @throws AgentError that says what to do */
export async function requireNamespace(): Promise<void> {
  if (process.geteuid?.() !== 0) {
    throw new AgentError("commandFailed", `only root may enter the namespace ${NAMESPACE}; try sudo`);
  }
  if (await isFile(NAMESPACE_HANDLE)) return;
  throw new AgentError(
    "notFound",
    `there is no namespace ${NAMESPACE}: no VIP is plugged yet, or amphora-netns.service has failed`,
  );
}
