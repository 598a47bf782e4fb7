/** How keepalived is called (docs/contract/rest-api.md, 2.6 and 2.9). */

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
