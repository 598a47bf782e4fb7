/**
 * HAProxy without the listeners whose files are gone: keys are kept in memory, and a reboot takes them. The stored
 * configuration stays as the controller sent it; what HAProxy reads instead is a file beside it, which becomes a link
 * to the stored one as soon as all of it can run: a HAProxy that was started with it reads it again when it reloads.
 */
import { isFile, isPresent, keepFile, readIfPresent, replaceLink } from "../system/files.ts";
import type { Logger } from "../system/logger.ts";
import { removeFile } from "../system/removal.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { listLoadBalancers } from "./list.ts";
import { planPartial } from "./plan-partial.ts";
import { parseCertificateList, parseFileReferences } from "./runtime/parse-files.ts";
import { parseSections } from "./runtime/parse-sections.ts";
import type { LoadBalancerId } from "./types.ts";

const MODE = 0o600;
/** Most configurations name none, and need not be looked at more closely. */
const NAMES_FILES = /\s(?:crt|crt-list|ca-file|crl-file)\s/;

export interface PartialContext {
  readonly basePath: string;
  readonly logger: Logger;
}

/** Decides for each load balancer what its HAProxy starts with; to be called before it does, after a boot. */
export async function choosePartials(context: PartialContext): Promise<void> {
  for (const id of await listLoadBalancers(context.basePath)) {
    try {
      await choosePartial(context, id);
    } catch (err) {
      const event = "haproxy.partial.failed";
      context.logger.error({ event, lbId: id, err }, "not known which listeners can run");
    }
  }
}

/**
 * Runs what makes HAProxy read its configuration, with all of it; when that fails, HAProxy is left with what can run.
 * @param work - told whether HAProxy ran without some of the configured listeners until now
 * @throws what `work` throws
 */
export async function withWhole(
  context: PartialContext,
  id: LoadBalancerId,
  work: (wasPartial: boolean) => Promise<void>,
): Promise<void> {
  const layout = layoutOf(context.basePath, id);
  if (!(await isFile(layout.partialEnvironment))) return work(false);
  await useWhole(layout);
  try {
    await work(true);
  } catch (error) {
    await choosePartial(context, id);
    throw error;
  }
  context.logger.info({ event: "haproxy.listeners.complete", lbId: id }, "all listeners run again");
}

async function choosePartial({ basePath, logger }: PartialContext, id: LoadBalancerId): Promise<void> {
  const layout = layoutOf(basePath, id);
  const text = (await readIfPresent(layout.config))?.toString("utf8") ?? "";
  const missing = await missingFiles(text);
  const plan = missing.size > 0 ? planPartial(text, missing) : undefined;
  if (!plan) return useWhole(layout);
  // As a file: writing through a link would change what the controller sent.
  await removeFile(layout.partial);
  await keepFile(layout.partial, plan.text, MODE);
  await keepFile(layout.partialEnvironment, renderEnvironment(layout.partial), MODE);
  logger.warn(
    { event: "haproxy.listeners.withheld", lbId: id, listeners: plan.withheld, files: [...missing] },
    "listeners whose files are gone do not run until the controller has sent them",
  );
}

async function useWhole(layout: Layout): Promise<void> {
  await removeFile(layout.partialEnvironment);
  if (await isPresent(layout.partial)) await replaceLink(layout.config, layout.partial);
}

/** Files of `bind` and `server` lines that are not there; a list counts as missing with one of its certificates. */
async function missingFiles(text: string): Promise<Set<string>> {
  const sections = NAMES_FILES.test(text) ? parseSections(text) : undefined;
  const references = sections && parseFileReferences(sections);
  const missing = new Set<string>();
  if (!references) return missing;
  const { certificates, lists, others } = references;
  for (const path of [...certificates, ...others]) if (!(await isPresent(path))) missing.add(path);
  for (const path of lists) {
    const named = parseCertificateList((await readIfPresent(path))?.toString("utf8") ?? "")?.paths ?? [];
    const present = await Promise.all([path, ...named].map(isPresent));
    if (present.includes(false)) missing.add(path);
  }
  return missing;
}

/** systemd.exec(5), EnvironmentFile=: quoted as a shell would want it. */
function renderEnvironment(path: string): string {
  return `CONFIG="${path.replace(/["\\$`]/g, "\\$&")}"\n`;
}
