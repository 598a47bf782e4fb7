/** What HAProxy's version decides. */
import type { HaproxyVersion } from "../supervisor/types.ts";

/**
 * @param text - what `haproxy -v` prints
 * @returns undefined when there is no version in it
 */
export function parseHaproxyVersion(text: string): HaproxyVersion | undefined {
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(text) ?? [];
  return major === undefined || minor === undefined
    ? undefined
    : { major: Number(major), minor: Number(minor) };
}

/** Whether `version` is that of `major.minor` or a later one. */
export function isAtLeast(version: HaproxyVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
