/** `amphora netns up`: the job of `amphora-netns.service` (docs/contract/network.md, section 6). */
import { loadConfig } from "../config/load.ts";
import { choosePartials } from "../loadbalancer/partial.ts";
import { createNetwork } from "../network/network.ts";
import { Exclusive } from "../supervisor/exclusive.ts";
import { replaceFile } from "../system/files.ts";
import { createCommandLogger } from "../system/logger.ts";
import { tryRun } from "../system/run.ts";

/**
 * @param configFiles - values of `--config-file`
 * @returns exit code 0: every step may fail, and says so in the log
 * @throws AgentError when the configuration does not load
 */
export async function netnsUp(configFiles: readonly string[]): Promise<number> {
  const { config } = await loadConfig(configFiles);
  const logger = createCommandLogger();
  const network = createNetwork({
    config: () => config,
    run: tryRun,
    replaceFile,
    logger,
    exclusive: new Exclusive(),
  });
  await network.restore();
  // Units of HAProxy start after this one.
  await choosePartials({ basePath: config.basePath, logger });
  return 0;
}
