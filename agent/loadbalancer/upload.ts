/** R5: from received bytes to the active configuration. */
import { AgentError, failingAs } from "../errors.ts";
import { peerName } from "../peer-name.ts";
import type { HaproxyVersion, Supervisor } from "../supervisor/types.ts";
import { makeDirectory, readIfPresent, syncDirectory } from "../system/files.ts";
import type { Logger } from "../system/logger.ts";
import { removeFile } from "../system/removal.ts";
import type { Try } from "../system/run.ts";
import { promoteFile, setAside, stageFile, syncFile } from "../system/staged-file.ts";
import { agentConfigArguments, keepAgentConfig } from "./agent-config.ts";
import { editConfig } from "./edit-config.ts";
import { groupFileArguments } from "./group-file.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { parseStatsSocket } from "./parse-config.ts";
import type { LoadBalancerId, WorkerLimits } from "./types.ts";

/** The controller gives a call up after 60 s. */
const VALIDATION_TIMEOUT_MS = 50_000;
/** Only root reads it: it may hold what a tenant keeps secret. */
const CONFIG_MODE = 0o600;

export interface UploadContext {
  readonly basePath: string;
  readonly haproxyCmd: string;
  readonly limits: WorkerLimits;
  readonly readVersion: () => Promise<HaproxyVersion>;
  readonly tryRun: Try;
  readonly supervisor: Supervisor;
  readonly logger: Logger;
}

/**
 * Stores, validates and activates a configuration (docs/contract/rest-api.md, 2.3). Until HAProxy has
 * accepted it nothing that is in use changes.
 * @throws AgentError `invalidInput` with HAProxy's words; AgentError `commandFailed` when the load
 * balancer cannot be made to start at boot; Error for all that the contract answers with the framework's 500
 */
export async function uploadConfig(
  context: UploadContext,
  amphoraId: string,
  id: LoadBalancerId,
  body: Buffer,
): Promise<void> {
  // A byte order mark is kept: HAProxy is to judge what was sent.
  const received = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  const version = await context.readVersion();
  const edited = Buffer.from(editConfig(received, version));
  const layout = layoutOf(context.basePath, id);
  const peer = peerName(amphoraId);
  await makeDirectory(layout.directory);
  const active = await readIfPresent(layout.config);
  // A new directory has to survive a power cut as well as the file inside.
  if (!active) await syncDirectory(context.basePath);
  await keepAgentConfig(layout, context.limits, version);
  await stageFile(layout.staged, edited, CONFIG_MODE);
  // The disk writes while HAProxy reads.
  const checked = validate(context, layout, { peer, text: received });
  await Promise.all([syncFile(layout.staged), active ? checked : withoutTrace(checked, layout)]);
  if (active?.equals(edited)) await removeFile(layout.staged);
  else await promoteFile(layout.staged, layout.config, layout.previous);
  context.logger.info(
    { event: "haproxy.config.stored", lbId: id, sizeBytes: edited.length, changed: !active?.equals(edited) },
    "haproxy configuration stored",
  );
  // The wrong service name is what controllers know (docs/contract/rest-api.md, section 7, row 35).
  await failingAs("Error enabling octavia-keepalived service", () =>
    context.supervisor.enable({ kind: "haproxy", id, peer, version }),
  );
}

/** What a refusal leaves of a load balancer that there is not: the rejected text, for the operator. */
async function withoutTrace(checked: Promise<void>, { agentConfig }: Layout): Promise<void> {
  try {
    await checked;
  } catch (error) {
    await removeFile(agentConfig);
    throw error;
  }
}

async function validate(
  context: UploadContext,
  layout: Layout,
  { peer, text }: { readonly peer: string; readonly text: string },
): Promise<void> {
  const { haproxyCmd, tryRun, logger } = context;
  // A text in which HAProxy finds nothing to do is refused: the agent's own socket must not be what it finds.
  const own = parseStatsSocket(text) === undefined ? [] : await agentConfigArguments(layout);
  const others = [...(await groupFileArguments()), ...own];
  const { exitCode, output } = await tryRun(haproxyCmd, ["-c", "-L", peer, "-f", layout.staged, ...others], {
    timeoutMs: VALIDATION_TIMEOUT_MS,
  });
  if (exitCode === 0) return;
  await setAside(layout.staged, layout.rejected);
  logger.info(
    { event: "haproxy.config.refused", file: layout.rejected, output },
    "haproxy refused a configuration",
  );
  throw new AgentError("invalidInput", "Invalid request", { details: output });
}
