/** Kernel settings as text: sysctl.conf(5), and what sysctl(8) prints; pure. */

/** Settings that a namespace has of its own, and that are not a single interface's. */
const KEPT = /^net\.ipv[46]\.(?!conf\.(?!all\.|default\.))[\w.-]+$/;

/**
 * Plain assignments of addresses' families; patterns, and settings that may fail, are left out.
 * @returns name to value, white space in the value made single
 */
export function parseSettings(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key = "", value = ""] = /^\s*([^#;=\s][^=\s]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    const name = key.replaceAll("/", ".");
    if (KEPT.test(name)) settings.set(name, value.replace(/\s+/g, " "));
  }
  return settings;
}
