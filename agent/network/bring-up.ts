/** Brings interfaces up and down as their files say (docs/contract/network.md, 4.2 and 4.9). */

import { VIP_FIREWALL_FILE } from "../config/paths.ts";
import { AgentError } from "../errors.ts";
import type { ReplaceFile } from "../system/files.ts";
import { type Applier, applySteps } from "./apply-steps.ts";
import { releaseDhcp, startDhcp } from "./dhcp.ts";
import { planDown } from "./plan-down.ts";
import { type LinkPlan, planLink, planRouting } from "./plan-up.ts";
import { readState } from "./read-state.ts";
import { linkSettings, NAMESPACE_WIDE, slaacSettings, tuneSettings, writeSettings } from "./sysctl.ts";
import type { InterfaceFile, NetworkState, ScriptEntry } from "./types.ts";
import { tentative, waitForAddresses } from "./wait-for-addresses.ts";

export interface Bringer extends Applier {
  readonly replaceFile: ReplaceFile;
}

const SCRIPT_TIMEOUT_MS = 30_000;

/** @throws AgentError for the first thing that failed; what had been done by then stays */
export async function bringUp(bringer: Bringer, file: InterfaceFile): Promise<void> {
  // Before anything else: the port must never be open without its firewall.
  if (file.is_sriov) await closeVipPort(bringer);
  const { link, state: before } = await bringLinkUp(bringer, file);
  let state = before;
  if (link.deletions.length > 0) {
    await applySteps(bringer, link.deletions);
    state = await requireState(bringer);
  }
  const routing = planRouting(file, state);
  for (const route of routing.unusable) {
    bringer.logger.warn(
      { event: "network.route.skipped", interface: file.name, route },
      "a route of the interface file cannot be understood",
    );
  }
  await applySteps(bringer, routing.steps);
  for (const script of file.scripts.up) await runScript(bringer, script);
}

/**
 * The link and its addresses, ready to be used; what is there too many stays.
 * @returns the plan that this has carried out, and the state that came of it
 */
export async function bringLinkUp(
  bringer: Bringer,
  file: InterfaceFile,
): Promise<{ readonly link: LinkPlan; readonly state: NetworkState }> {
  let state = await requireState(bringer);
  const link = planLink(file, state);
  await prepareKernel(bringer, file.name, link);
  await applyLink(bringer, file.name, link);
  if (link.steps.length > 0) state = await requireState(bringer);
  if (tentative(state.addresses, file.name, link.awaited).length > 0) {
    await waitForAddresses(bringer, file.name, link.awaited);
  }
  return { link, state };
}

/** Loads the firewall of an SR-IOV port. @throws AgentError `commandFailed` */
export async function closeVipPort({ netns, replaceFile }: Bringer): Promise<void> {
  const { closePort } = await import("./firewall.ts");
  await closePort({ netns, replaceFile, file: VIP_FIREWALL_FILE });
}

/** @throws AgentError when the link is missing, or DHCP or SLAAC could not be ended; other failures are logged */
export async function bringDown(bringer: Bringer, file: InterfaceFile): Promise<void> {
  const plan = planDown(file, await requireState(bringer));
  if (plan.dhcp) await releaseDhcp(bringer.netns, file.name);
  if (plan.slaac) await writeSettings(bringer.netns, slaacSettings(file.name, 0));
  await applySteps(bringer, plan.steps);
  if (!plan.wasUp) return;
  for (const script of file.scripts.down) {
    await runScript(bringer, script).catch((error: unknown) => {
      if (!(error instanceof AgentError)) throw error;
      bringer.logger.warn(
        { event: "network.script.failed", script: script.command, said: error.details },
        "a script for an interface that went down failed",
      );
    });
  }
}

/** An error's reason in one line, as the command line and the API give it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof AgentError)) return error instanceof Error ? error.message : String(error);
  return error.details === undefined ? error.message : `${error.message}: ${error.details}`;
}

async function requireState({ netns }: Applier): Promise<NetworkState> {
  const state = await readState(netns);
  if (state) return state;
  throw new AgentError("commandFailed", "the network namespace does not exist");
}

async function prepareKernel({ netns, logger }: Applier, device: string, link: LinkPlan): Promise<void> {
  const replacesAddress = link.deletions.length > 0;
  if (link.wasDown) await tuneSettings(netns, linkSettings(device), logger);
  else if (replacesAddress) await tuneSettings(netns, NAMESPACE_WIDE, logger);
  // Before the link is up, so that its first router solicitation already counts.
  if (link.slaac) await writeSettings(netns, slaacSettings(device, 2));
}

async function applyLink(bringer: Bringer, device: string, link: LinkPlan): Promise<void> {
  if (!link.dhcp) return applySteps(bringer, link.steps);
  const [first, ...rest] = link.steps;
  await applySteps(bringer, first ? [first] : []);
  await startDhcp(bringer.netns, device);
  await applySteps(bringer, rest);
}

/** @throws AgentError `commandFailed` */
export async function runScript({ netns }: Applier, { command }: ScriptEntry): Promise<void> {
  const [file, ...args] = command.split(/\s+/).filter((word) => word !== "");
  if (file === undefined) return;
  const { exitCode, output } = await netns.exec(file, args, { timeoutMs: SCRIPT_TIMEOUT_MS });
  if (exitCode === 0) return;
  throw new AgentError("commandFailed", `'${command}' ended with exit code ${exitCode}`, {
    details: output.trim(),
  });
}
