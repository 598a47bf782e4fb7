/** The report of `amphora doctor` for whoever cannot log in. */
import { AgentError } from "./errors.ts";
import { ownProgram } from "./package-files.ts";
import { readIfPresent } from "./system/files.ts";
import { tryRun } from "./system/run.ts";
import { withTemporaryFile } from "./system/temporary-file.ts";

/** Checks take ten seconds at most, and so does each of the programs that are asked then. */
const TIMEOUT_MS = 45_000;

/**
 * Made by a process of its own: what it needs of memory goes with it, and it looks from outside at this agent.
 * @param configFiles - the agent's own, in order
 * @returns a gzipped tar archive without secrets (docs/diagnosis.md, "A report")
 * @throws AgentError `commandFailed`
 */
export function readDiagnostics(configFiles: readonly string[]): Promise<Buffer> {
  return withTemporaryFile("report.tgz", "", async (path) => {
    const [program = "", ...words] = ownProgram();
    const options = configFiles.flatMap((file) => ["--config-file", file]);
    const { output } = await tryRun(program, [...words, "doctor", ...options, "--report", path], {
      timeoutMs: TIMEOUT_MS,
    });
    // Its exit code tells what it has found.
    const archive = await readIfPresent(path);
    if (archive && archive.length > 0) return archive;
    const details = output.trim().slice(-1_000);
    throw new AgentError("commandFailed", "no report could be made", { details });
  });
}
