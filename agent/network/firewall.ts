/** The firewall of an SR-IOV VIP port (docs/contract/network.md, section 7; rest-api.md, section 7, rows 27 to 30). */
import { AgentError, asError } from "../errors.ts";
import { type ReplaceFile, readIfPresent } from "../system/files.ts";
import { removeFile } from "../system/removal.ts";
import type { Netns } from "./netns.ts";
import { parseRules } from "./parse-rules.ts";
import { BASE_FIREWALL, renderFirewall } from "./render-firewall.ts";

export interface FirewallOptions {
  readonly netns: Pick<Netns, "exec">;
  readonly replaceFile: ReplaceFile;
  /** The firewall file; `VIP_FIREWALL_FILE` on an amphora. */
  readonly file: string;
}

const NFT = "/usr/sbin/nft";
const FILE_MODE = 0o600;

/**
 * Loads the firewall file, written first if there is none: what is there holds rules that a reboot must not lose.
 * @throws AgentError `commandFailed` when nft refuses it; system errors of the file
 */
export async function closePort(options: FirewallOptions): Promise<void> {
  const { replaceFile, file } = options;
  if ((await readIfPresent(file)) === undefined) await replaceFile(file, BASE_FIREWALL, FILE_MODE);
  await load(options);
}

/**
 * R21: the rules of `body`, and no others, let traffic in. Nothing changes unless nft accepts them.
 * @throws AgentError `invalidInput` with the contract's body; Error, the contract's framework 500, when nft or
 * the disk fails
 */
export async function replaceRules(options: FirewallOptions, body: unknown): Promise<void> {
  const { netns, replaceFile, file } = options;
  const rules = parseRules(body);
  const before = await readIfPresent(file);
  const text = before === undefined && rules.length === 0 ? BASE_FIREWALL : renderFirewall(rules);
  try {
    await succeed(netns.exec(NFT, ["-c", "-f", "-"], { input: text }));
  } catch (error) {
    throw asAccident(error);
  }
  await replaceFile(file, text, FILE_MODE);
  try {
    await load(options);
  } catch (error) {
    await (before === undefined ? removeFile(file) : replaceFile(file, before, FILE_MODE));
    throw asAccident(error);
  }
}

/**
 * `-o` lets nft merge rules. nft 1.0.6 then fails where the networks of two rules overlap, which is a fault of
 * the merging alone: the same rules load as they are.
 * @throws AgentError `commandFailed`
 */
async function load({ netns, file }: FirewallOptions): Promise<void> {
  const { exitCode } = await netns.exec(NFT, ["-o", "-f", file]);
  if (exitCode !== 0) await succeed(netns.exec(NFT, ["-f", file]));
}

async function succeed(running: ReturnType<Netns["exec"]>): Promise<void> {
  const { exitCode, output } = await running;
  if (exitCode === 0) return;
  throw new AgentError("commandFailed", "nft refused the firewall", { details: output.trim() });
}

/** The contract answers a failing nft with the framework's 500, whose text says nothing; the log has the reason. */
function asAccident(error: unknown): Error {
  if (!(error instanceof AgentError)) return asError(error);
  return new Error(`${error.message}: ${error.details}`, { cause: error });
}
