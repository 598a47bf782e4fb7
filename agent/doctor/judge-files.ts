/** File systems that the agent writes to, apart from the one of the load balancers, of which the status tells. */
import { findingsOf } from "./finding.ts";
import type { Finding } from "./types.ts";

export interface Directory {
  readonly path: string;
  readonly readOnly: boolean;
  readonly availableBytes: number;
  /** Files that could still be created, and all that there can be; 0 of 0 where the file system has no limit. */
  readonly availableFiles: number;
  readonly totalFiles: number;
}

const { failure, warning } = findingsOf("files");
export const READ_ONLY_REMEDY =
  "dmesg shows why; mount -o remount,rw after a look at the disk, or fail the amphora over";
const NO_ROOM_BYTES = 1024 * 1024;
const FEW_FILES = 0.02;

export function judgeFiles(directories: readonly Directory[]): Finding[] {
  return directories.flatMap(({ path, readOnly, availableBytes, availableFiles, totalFiles }) => {
    if (readOnly) {
      return [failure(path, `the file system of ${path} is read-only`, READ_ONLY_REMEDY)];
    }
    if (availableBytes < NO_ROOM_BYTES) {
      return [failure(path, `the file system of ${path} is full`, `du -xh ${path} | sort -h | tail`)];
    }
    if (totalFiles === 0 || availableFiles >= totalFiles * FEW_FILES) return [];
    const text = `the file system of ${path} has room for ${availableFiles} more files only`;
    return [warning(path, text, `du --inodes -x ${path} | sort -h | tail`)];
  });
}
