/** Keeps services as they were asked for: their files, and that they run. */
import { Finds } from "../healing/finds.ts";
import type { Held, Keeper, Look } from "../healing/types.ts";
import { runningPid } from "../system/processes.ts";
import { ask } from "../system/unix-socket.ts";
import { programOf } from "./programs.ts";
import { isConfigured, readServices } from "./read-services.ts";
import type { Job, Service, Supervisor } from "./types.ts";

export interface ServiceKeeperOptions {
  readonly basePath: string;
  readonly supervisor: Supervisor;
  /** All that has to be known to enable a service. */
  readonly jobOf: (service: Service) => Promise<Job>;
  readonly exclusive: { run<T>(key: string, job: () => Promise<T>): Promise<T> };
}

export function createServiceKeeper(options: ServiceKeeperOptions): Keeper {
  const { basePath, supervisor, jobOf, exclusive } = options;
  return {
    name: "services",
    async hold({ isDue }: Look): Promise<Held> {
      const finds = new Finds(isDue);
      for (const service of await readServices(basePath)) {
        // The key of the requests for it: none of them may be half done.
        await exclusive.run(service.kind === "vrrp" ? "vrrp" : service.id, async () => {
          // One that was deleted while this waited must not come back.
          if (!(await isConfigured(basePath, service))) return;
          await finds.repairAll(await supervisor.deviations(service, () => jobOf(service)));
        });
      }
      return finds.held();
    },
  };
}

/** Process ids of all services that run. */
export async function runningServices(basePath: string, haproxyCmd: string): Promise<readonly number[]> {
  const options = { basePath, haproxyCmd, logFacility: 0, ask, peer: () => "" };
  const services = await readServices(basePath);
  const pids = await Promise.all(
    services.map((service) => {
      const { pidFile, executable } = programOf(service, options);
      return runningPid(pidFile, executable);
    }),
  );
  return pids.filter((pid) => pid !== undefined);
}
