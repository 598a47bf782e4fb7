/** `amphora render --check`: what the program that a text is for thinks of it. */
import process from "node:process";
import { NAMESPACE, NAMESPACE_HANDLE } from "../config/paths.ts";
import { groupFileArguments } from "../loadbalancer/group-file.ts";
import { peerName } from "../peer-name.ts";
import type { RenderingDocument } from "../render/document/types.ts";
import { isFile } from "../system/files.ts";
import { tryRun } from "../system/run.ts";
import { withTemporaryFile } from "../system/temporary-file.ts";

const TIMEOUT_MS = 60_000;
/**
 * keepalived's exit code when all it has to say is that scripts run without `script_security`, as in every VRRP
 * configuration of Octavia: it runs with such a text all the same.
 */
const SCRIPTS_ARE_TRUSTED = 6;

/**
 * @returns the program's words when it refuses the text, undefined when it accepts it
 * @throws AgentError `commandFailed` when the program cannot be run
 */
export function objectionTo(text: string, document: RenderingDocument): Promise<string | undefined> {
  const name = document.kind === "haproxy" ? "haproxy.cfg" : "keepalived.conf";
  return withTemporaryFile(name, text, async (path) => {
    const words = document.kind === "haproxy" ? await haproxy(document, path) : await keepalived(path);
    const [program = "", ...args] = words;
    const { exitCode, output } = await tryRun(program, args, { timeoutMs: TIMEOUT_MS });
    if (exitCode === 0 || (document.kind !== "haproxy" && exitCode === SCRIPTS_ARE_TRUSTED)) return undefined;
    const said = output.replaceAll(path, name).trimEnd();
    return `${words.join(" ").replace(path, name)} ended with exit code ${exitCode}${said && `\n${said}`}`;
  });
}

/** As the agent checks an upload (docs/contract/rest-api.md, 2.3). */
async function haproxy({ amphora_id }: RenderingDocument, path: string): Promise<readonly string[]> {
  const peer = amphora_id ? ["-L", peerName(amphora_id)] : [];
  return ["haproxy", "-c", ...peer, "-f", path, ...(await groupFileArguments())];
}

/** Where there is the namespace that it runs in, interfaces are those of the namespace. */
async function keepalived(path: string): Promise<readonly string[]> {
  const command = ["keepalived", "-t", "-f", path];
  const canEnter = process.geteuid?.() === 0 && (await isFile(NAMESPACE_HANDLE));
  return canEnter ? ["ip", "netns", "exec", NAMESPACE, ...command] : command;
}
