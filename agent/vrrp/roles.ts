/** Which amphora holds the VIP, as keepalived itself tells. Costs nothing where keepalived is not configured. */
import { asError } from "../errors.ts";
import { keepFifo } from "../system/fifo.ts";
import { isFile, keepFile, makeDirectory, missingOf, readIfPresent } from "../system/files.ts";
import type { Logger } from "../system/logger.ts";
import { renderTemplate } from "../templates.ts";
import type { FollowedRoles } from "./follow-roles.ts";
import { vrrpLayout } from "./layout.ts";
import { parseVirtualAddresses } from "./parse-addresses.ts";
import { parseInstanceNames } from "./parse-instances.ts";
import type { VrrpRoles } from "./types.ts";

const CONFIG_MODE = 0o644;

/** A keepalived that was killed leaves its addresses behind, whichever interface has them. */
function encodeLeftovers(config: string): string {
  return parseVirtualAddresses(config)
    .map((address) => `address flush to ${address}\n`)
    .join("");
}

export function createVrrpRoles(basePath: string, logger: Logger): VrrpRoles {
  const layout = vrrpLayout(basePath);
  let followed: FollowedRoles | undefined;
  let opening = Promise.resolve();
  let preparing = Promise.resolve();

  const write = async (): Promise<void> => {
    await makeDirectory(layout.directory);
    await keepFile(layout.entryConfig, await renderTemplate("keepalived-entry.conf", layout), CONFIG_MODE);
    const config = await readIfPresent(layout.config);
    await keepFile(layout.leftovers, encodeLeftovers(config?.toString("utf8") ?? ""), CONFIG_MODE);
    await keepFifo(layout.notifications);
  };

  // One at a time: the agent's start and a controller's upload may come together.
  const prepare = (): Promise<void> => {
    const done = preparing.then(write);
    preparing = done.catch(() => undefined);
    return done;
  };

  // VRRP itself does not depend on it.
  const report = (error: unknown): void => {
    const fields = { event: "vrrp.roles.failed", err: asError(error) };
    logger.warn(fields, "roles of VRRP instances are not known");
  };

  const load = async (): Promise<FollowedRoles> => {
    const { FollowedRoles } = await import("./follow-roles.ts");
    return FollowedRoles.create(layout, logger);
  };

  const open = async (): Promise<void> => {
    try {
      followed ??= await load();
      await followed.open();
    } catch (error) {
      report(error);
    }
  };

  // One at a time: of two readers each would hear a part.
  const follow = (): Promise<void> => {
    opening = opening.then(open);
    return opening;
  };

  return {
    prepare,
    async deviations() {
      const missing = await missingOf([layout.entryConfig, layout.leftovers]);
      return missing.map((file) => ({ difference: `file ${file}`, repair: prepare }));
    },
    follow,
    async resume() {
      if (!(await isFile(layout.config))) return;
      await prepare().catch(report);
      await follow();
    },
    async current() {
      const config = await readIfPresent(layout.config);
      if (!config) return undefined;
      await follow();
      // keepalived does not tell of an instance that a new configuration leaves out.
      const names = parseInstanceNames(config.toString("utf8"));
      return (await followed?.current())?.filter(({ name }) => names.has(name)) ?? [];
    },
    close() {
      followed?.close();
    },
  };
}
