/** Asks the agent on this machine what only it knows, from outside of it. */
import { AGENT_SOCKET } from "../config/paths.ts";
import { AgentError, asError, systemErrorCode } from "../errors.ts";
import { ask } from "../system/unix-socket.ts";
import type { AgentAnswer, AgentReport } from "./facts.ts";

const TIMEOUT_MS = 3_000;

/** Never throws: an agent that is not there is an answer as well. */
export async function askAgent(path = AGENT_SOCKET): Promise<AgentAnswer> {
  try {
    const text = (await ask(path, "status", { timeoutMs: TIMEOUT_MS })).toString("utf8");
    return parseReport(text);
  } catch (error) {
    const reason = asError(error).message;
    const code = systemErrorCode(error) ?? "";
    if (code === "ENOENT" || code === "ECONNREFUSED") {
      return { state: "down", reason: `nobody listens on ${path}` };
    }
    if (code === "EACCES" || code === "EPERM")
      return { state: "unknown", reason: `${path} is for root only` };
    const isLate = error instanceof AgentError && error.code === "unavailable";
    return { state: "silent", reason: isLate ? reason : `${path}: ${reason}` };
  }
}

function parseReport(text: string): AgentAnswer {
  if (!text.startsWith("{")) return { state: "silent", reason: text.trim() || "it says nothing" };
  // Written by this program itself, in the version that runs.
  return { state: "running", report: JSON.parse(text) as AgentReport };
}
