/** The units that the agent installs, as values for their templates. */
import { KEEPALIVED, NAMESPACE, USER_GROUP_FILE } from "../config/paths.ts";
import type { Layout } from "../loadbalancer/layout.ts";
import { isAtLeast } from "../loadbalancer/parse-version.ts";
import { encodeArgument, encodePath, encodeWord } from "./encode-unit.ts";
import { KEEPALIVED_ENVIRONMENT, type KeepalivedFiles, keepalivedArguments } from "./plan-keepalived.ts";
import { unitName } from "./service-name.ts";
import type { HaproxyJob } from "./types.ts";

/** Unit and template alike. */
export const NETNS_UNIT = "amphora-netns.service";
/** Unit and template alike. */
export const STAND_DOWN_UNIT = "amphora-stand-down.service";

/**
 * Values for `templates/haproxy.service.hbs` (docs/contract/rest-api.md, 2.3), and for what the agent adds to that
 * unit with `templates/haproxy-agent.service.hbs`.
 */
export function planHaproxyUnit(job: HaproxyJob, layout: Layout, haproxyCmd: string): object {
  const { version, peer } = job;
  const isMasterWorker = isAtLeast(version, 1, 8);
  const hasMasterSocket = isAtLeast(version, 1, 9);
  const runner = isMasterWorker ? [haproxyCmd, "-Ws"] : [`${haproxyCmd}-systemd-wrapper`];
  // Tells whether a reload worked, which the signal does not (docs/contract/field-notes.md, "Kernel and tools").
  if (hasMasterSocket) runner.push("-S", `${layout.masterSocket},mode,600`);
  return {
    netnsUnit: NETNS_UNIT,
    standDownUnit: STAND_DOWN_UNIT,
    namespace: NAMESPACE,
    environment: [`CONFIG=${layout.config}`, `USERCONFIG=${USER_GROUP_FILE}`, `PIDFILE=${layout.pidFile}`]
      .map(encodeWord)
      .join(" "),
    agentEnvironment: encodeWord(`AGENTCONFIG=${layout.agentConfig}`),
    partialEnvironment: encodePath(layout.partialEnvironment),
    haproxy: encodeWord(haproxyCmd),
    runner: runner.map(encodeArgument).join(" "),
    isMasterWorker,
    peer: encodeArgument(peer),
  };
}

/**
 * Values for `templates/keepalived.service.hbs` (docs/contract/rest-api.md, 2.6 and 2.9).
 * @param logFacility - N of syslog facility localN
 */
export function planKeepalivedUnit(files: KeepalivedFiles, logFacility: number): object {
  const pidFiles = [files.pidFile, files.vrrpPidFile, files.checkPidFile].filter(
    (file) => file !== undefined,
  );
  return {
    netnsUnit: NETNS_UNIT,
    namespace: NAMESPACE,
    command: [KEEPALIVED, ...keepalivedArguments(files, logFacility)].map(encodeArgument).join(" "),
    environment: encodeWord(KEEPALIVED_ENVIRONMENT),
    pidFile: encodePath(files.pidFile),
    stalePidFiles: pidFiles.map(encodeArgument).join(" "),
  };
}

/**
 * Values for `templates/amphora-stand-down.service.hbs`.
 * @param roles - file with the roles of keepalived's instances
 */
export function planStandDownUnit(roles: string): object {
  return {
    master: encodeArgument('"role":"MASTER"'),
    roles: encodeArgument(roles),
    vrrpUnit: unitName({ kind: "vrrp" }),
  };
}

/**
 * Values for `templates/amphora-netns.service.hbs`.
 * @param program - command line of this program, up to its own arguments
 */
export function planNetnsUnit(program: readonly string[]): object {
  const [file = "", ...args] = program;
  return {
    namespace: NAMESPACE,
    command: [encodeWord(file), ...[...args, "netns", "up"].map(encodeArgument)].join(" "),
  };
}
