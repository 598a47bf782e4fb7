/** The amphora's VRRP as the REST API sees it (docs/contract/rest-api.md, R14, R15 and 2.6). */
import { parseAction } from "../action.ts";
import { KEEPALIVED } from "../config/paths.ts";
import { failingAs } from "../errors.ts";
import { Finds } from "../healing/finds.ts";
import type { Deviation, Keeper } from "../healing/types.ts";
import type { Supervisor } from "../supervisor/types.ts";
import { isFile, keepFile, makeDirectory, missingOf } from "../system/files.ts";
import type { Logger } from "../system/logger.ts";
import { runningPid } from "../system/processes.ts";
import { renderTemplate } from "../templates.ts";
import { quoteWord } from "./encode-shell.ts";
import { vrrpLayout } from "./layout.ts";
import type { Vrrp, VrrpChecks, VrrpRoles } from "./types.ts";

const SERVICE = { kind: "vrrp" } as const;
const CONFIG_MODE = 0o644;
const SCRIPT_MODE = 0o755;

export interface VrrpOptions {
  readonly basePath: string;
  readonly supervisor: Supervisor;
  readonly checks: VrrpChecks;
  readonly roles: VrrpRoles;
  /** Called when there is another configuration. */
  readonly changed?: () => void;
  /** Runs one job at a time per key. */
  readonly exclusive: { run<T>(key: string, job: () => Promise<T>): Promise<T> };
  readonly logger: Logger;
}

export function createVrrp(options: VrrpOptions): Vrrp {
  const { basePath, supervisor, checks, roles, changed, exclusive, logger } = options;
  const layout = vrrpLayout(basePath);
  const writeCheckScript = async (): Promise<void> => {
    await makeDirectory(layout.checkScripts);
    const view = { checkScripts: quoteWord(layout.checkScripts) };
    await keepFile(layout.checkScript, await renderTemplate("check_script.sh", view), SCRIPT_MODE);
  };
  const deviations = async (): Promise<readonly Deviation[]> => {
    const missing = await missingOf([layout.checkScript]);
    return [
      ...missing.map((file) => ({ difference: `file ${file}`, repair: writeCheckScript })),
      ...(await checks.deviations()),
      ...(await roles.deviations()),
    ];
  };
  const keeper: Keeper = {
    name: "vrrp",
    hold: ({ isDue }) =>
      exclusive.run("vrrp", async () => {
        const finds = new Finds(isDue);
        if (await isFile(layout.config)) await finds.repairAll(await deviations());
        return finds.held();
      }),
  };
  return {
    keeper,

    upload(config) {
      return exclusive.run("vrrp", async () => {
        await makeDirectory(layout.directory);
        const isNew = await keepFile(layout.config, config, CONFIG_MODE);
        await writeCheckScript();
        await checks.update();
        await roles.prepare();
        logger.info(
          { event: "vrrp.config.stored", sizeBytes: config.length, changed: isNew },
          "keepalived configuration stored",
        );
        await failingAs("Error enabling octavia-keepalived service", () => supervisor.enable(SERVICE));
        changed?.();
      });
    },

    async act(word) {
      const wanted = parseAction(word);
      return exclusive.run("vrrp", async () => {
        const isRunning = (await runningPid(layout.pidFile, KEEPALIVED)) !== undefined;
        const action = wanted === "start" && isRunning ? "reload" : wanted;
        await roles.follow();
        await failingAs(`Failed to ${action} octavia-keepalived service`, () => supervisor[action](SERVICE));
        logger.info({ event: `vrrp.${action}.done` }, "keepalived action done");
        return `keepalived ${VERB[action]}`;
      });
    },

    instances: () => roles.current(),
  };
}

/** On the wire, one missing letter included (docs/contract/rest-api.md, R15). */
const VERB = { start: "started", stop: "stoped", reload: "reloaded" } as const;
