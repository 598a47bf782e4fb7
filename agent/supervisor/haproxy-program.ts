/** HAProxy in the foreground: master-worker mode, followed through its master's socket. */
import { agentConfigArguments } from "../loadbalancer/agent-config.ts";
import { groupFileArguments } from "../loadbalancer/group-file.ts";
import type { Layout } from "../loadbalancer/layout.ts";
import { isFile } from "../system/files.ts";
import type { Ask } from "../system/unix-socket.ts";
import { MasterSocket } from "./master-socket.ts";
import { levelOfOutput } from "./parse-output.ts";
import type { Program } from "./program.ts";

/** What the master itself may take to answer; the caller's signal bounds the whole reload. */
const RELOAD_ANSWER_TIMEOUT_MS = 40_000;

export interface HaproxyProgramOptions {
  readonly layout: Layout;
  readonly haproxyCmd: string;
  /** Name among the peers; asked at each start. */
  readonly peer: () => string;
  readonly ask: Ask;
}

export function haproxyProgram({ layout, haproxyCmd, peer, ask }: HaproxyProgramOptions): Program {
  const master = new MasterSocket(layout.masterSocket, ask);
  return {
    name: "HAProxy",
    executable: haproxyCmd,
    pidFile: layout.pidFile,
    // Workers go with the master's process group.
    childPidFiles: [],
    outputFile: layout.output,
    levelOfOutput,
    async command() {
      const config = (await isFile(layout.partialEnvironment)) ? layout.partial : layout.config;
      const others = [...(await groupFileArguments()), ...(await agentConfigArguments(layout))];
      // -db: the configuration says "daemon", which would hide HAProxy's words from us.
      const runner = [haproxyCmd, "-W", "-db", "-S", `${layout.masterSocket},mode,600`];
      return [...runner, "-f", config, ...others, "-p", layout.pidFile, "-L", peer()];
    },
    async untilUp(running, signal) {
      await master.untilUp(signal, running.guard);
    },
    async reload(running, signal) {
      const before = await master.untilUp(signal, running.guard);
      await master.requestReload(RELOAD_ANSWER_TIMEOUT_MS);
      await master.confirmReload(before, signal, running.guard);
    },
  };
}
