/** What the commands' command lines have in common. */

export const CONFIG_FILE_OPTION = {
  type: "string",
  array: true,
  nargs: 1,
  default: [] as string[],
  describe: "Configuration file; may be repeated, later ones win",
} as const;

/** Words that no command understands. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Commands whose words are another program's. */
const PASS_ON = new Set(["exec"]);

/** So that `amphora exec ip -br addr` works without `--`: options behind another program's name are that program's. */
export function withDashes(words: readonly string[]): string[] {
  const [command = "", next = "-", ...rest] = words;
  if (!PASS_ON.has(command) || next.startsWith("-")) return [...words];
  return [command, "--", next, ...rest];
}

/** The words behind `--`, which belong to another program. */
export function afterDashes(argv: Record<string, unknown>): string[] {
  const words = argv["--"];
  return Array.isArray(words) ? words.map(String) : [];
}
