/** How keepalived is called (docs/contract/rest-api.md, 2.6 and 2.9). */

/**
 * keepalived looks its own host name up when it starts, and asks name servers that the namespace may not reach:
 * that takes as long as the resolver waits (resolv.conf(5); 6 s measured, 1 s so).
 */
export const KEEPALIVED_ENVIRONMENT = "RES_OPTIONS=timeout:1 attempts:1";

/** The files of one keepalived; it has default places for those that are not given. */
export interface KeepalivedFiles {
  readonly config: string;
  readonly pidFile: string;
  readonly vrrpPidFile?: string;
  readonly checkPidFile?: string;
}

/** @param logFacility - N of syslog facility localN */
export function keepalivedArguments(files: KeepalivedFiles, logFacility: number): string[] {
  const { config, pidFile, vrrpPidFile, checkPidFile } = files;
  return [
    `--log-facility=${logFacility}`,
    "-f",
    config,
    "-p",
    pidFile,
    ...(vrrpPidFile === undefined ? [] : ["-r", vrrpPidFile]),
    ...(checkPidFile === undefined ? [] : ["-c", checkPidFile]),
  ];
}
