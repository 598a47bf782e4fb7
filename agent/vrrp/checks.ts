/** Writes what keepalived runs to see whether this amphora may hold the VIP. */
import { isFile, keepFile, makeDirectory, missingOf } from "../system/files.ts";
import type { Logger } from "../system/logger.ts";
import { removeFile } from "../system/removal.ts";
import { renderTemplate } from "../templates.ts";
import { quoteWord } from "./encode-shell.ts";
import { vrrpLayout } from "./layout.ts";
import { type Checked, planHaproxyCheck } from "./plan-checks.ts";
import type { VrrpChecks } from "./types.ts";

const CHECK_MODE = 0o644;
const SCRIPT_MODE = 0o755;

export interface VrrpChecksOptions {
  readonly basePath: string;
  /** Directory of LVS listeners. */
  readonly lvsDirectory: string;
  /** What is to be looked at. */
  readonly checked: () => Promise<Checked>;
  /** Runs one job at a time per key. */
  readonly exclusive: { run<T>(key: string, job: () => Promise<T>): Promise<T> };
  readonly logger: Logger;
}

export function createVrrpChecks(options: VrrpChecksOptions): VrrpChecks {
  const { basePath, lvsDirectory, checked, exclusive, logger } = options;
  const layout = vrrpLayout(basePath);

  /** @returns whether anything changed */
  const write = async (state: Checked): Promise<boolean> => {
    await makeDirectory(layout.checkScripts);
    if (state.hasLvsListeners) {
      const view = { lvsDirectory: quoteWord(lvsDirectory) };
      await keepFile(layout.lvsCheck, await renderTemplate("lvs_udp_check.sh", view), SCRIPT_MODE);
    }
    const text = planHaproxyCheck(state);
    if (text !== undefined) return keepFile(layout.haproxyCheck, text, CHECK_MODE);
    await removeFile(layout.haproxyCheck);
    return true;
  };

  // What is to be looked at is asked inside the job: of two updates the later one must know no less.
  const update = () =>
    exclusive.run("vrrp checks", async () => {
      const state = await checked();
      const { sockets, hasLvsListeners } = state;
      if (!(await write(state))) return;
      logger.info({ event: "vrrp.checks.changed", sockets, hasLvsListeners }, "vrrp checks changed");
    });

  return {
    update,
    async deviations() {
      const state = await checked();
      const files = [
        ...(state.hasLvsListeners ? [layout.lvsCheck] : []),
        ...(planHaproxyCheck(state) === undefined ? [] : [layout.haproxyCheck]),
      ];
      return (await missingOf(files)).map((file) => ({ difference: `file ${file}`, repair: update }));
    },
    async updateIfUsed() {
      if (await isFile(layout.checkScript)) await update();
    },
  };
}
