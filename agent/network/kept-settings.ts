/** Settings of the kernel that the namespace was given, by the agent or by the image (sysctl.d(5)). */

import type { Finds } from "../healing/finds.ts";
import { filesIn, readIfPresent } from "../system/files.ts";
import type { Netns } from "./netns.ts";
import { parseSettings } from "./parse-sysctl.ts";
import { NAMESPACE_SETTINGS } from "./restore.ts";
import { readSettings, writeSettings } from "./sysctl.ts";

/** In the order of sysctl(8), `--system`: what comes first hides what has the same name. */
const DIRECTORIES = [
  "/etc/sysctl.d",
  "/run/sysctl.d",
  "/usr/local/lib/sysctl.d",
  "/usr/lib/sysctl.d",
  "/lib/sysctl.d",
];
const LAST_FILE = "/etc/sysctl.conf";

export class KeptSettings {
  readonly #netns: Netns;
  /** Those that were as they should be: one that the kernel never took is no difference. */
  readonly #taken = new Set<string>();
  #wanted: ReadonlyMap<string, string> | undefined;

  constructor(netns: Netns) {
    this.#netns = netns;
  }

  /** @throws AgentError `commandFailed`, or a system error of the files */
  async hold(finds: Finds): Promise<void> {
    const wanted = await this.#read();
    const present = await readSettings(this.#netns, [...wanted.keys()]);
    for (const [name, value] of wanted) {
      if (present.get(name) === value) this.#taken.add(name);
      else if (present.has(name) && this.#taken.has(name)) {
        await finds.repair(`sysctl ${name}=${value}`, () => writeSettings(this.#netns, { [name]: value }));
      }
    }
  }

  /** Read once: what was in force when the namespace was made. */
  async #read(): Promise<ReadonlyMap<string, string>> {
    this.#wanted ??= new Map([
      ...(await readImageSettings()),
      ...Object.entries(NAMESPACE_SETTINGS).map(([name, value]) => [name, String(value)] as const),
    ]);
    return this.#wanted;
  }
}

async function readImageSettings(): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  for (const directory of DIRECTORIES) {
    for (const name of await filesIn(directory)) {
      if (name.endsWith(".conf") && !paths.has(name)) paths.set(name, `${directory}/${name}`);
    }
  }
  const sorted = [...paths].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, path]) => path);
  const texts = await Promise.all([...sorted, LAST_FILE].map(readIfPresent));
  return new Map(texts.flatMap((bytes) => [...parseSettings(bytes?.toString("utf8") ?? "")]));
}
