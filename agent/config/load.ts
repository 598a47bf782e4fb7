/** Finds and reads configuration files, and keeps the configuration that is in force. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { AgentError } from "../errors.ts";
import { readIfPresent } from "../system/files.ts";
import { type ConfigFile, mergeMutable, type ParsedConfig, parseConfig } from "./config-parse.ts";
import type { Config } from "./types.ts";

const PROGRAM_FILE = "amphora-agent.conf";

/**
 * Reads the files given on the command line, or else those that upstream's search finds:
 * `octavia.conf`, then the program's own, each in the first directory that has it.
 * @param given - values of `--config-file`
 * @throws AgentError `invalidInput` when a given file is missing or any file does not parse
 * @see docs/contract/rest-api.md, 4.1
 */
export async function loadConfig(given: readonly string[]): Promise<LoadedConfig> {
  const paths = given.length > 0 ? given : await searchFiles();
  const files = await Promise.all(paths.map(readConfigFile));
  const target = paths.at(-1) ?? `/etc/octavia/${PROGRAM_FILE}`;
  return { ...parseConfig(files, target), others: paths.slice(0, -1) };
}

export interface LoadedConfig extends ParsedConfig {
  /** Files that were read before the one that `PUT /config` replaces. */
  readonly others: readonly string[];
}

/**
 * Refuses what parses and yet no daemon can work with.
 * @throws AgentError `invalidInput`
 */
export function requireAmphoraId({ amphoraId, file }: Config): void {
  if (amphoraId !== "") return;
  throw new AgentError("invalidInput", `${file}: [amphora_agent] amphora_id is missing: heartbeats need it`);
}

async function readConfigFile(path: string): Promise<ConfigFile> {
  const bytes = await readIfPresent(path);
  if (bytes === undefined) throw new AgentError("invalidInput", `${path}: no such configuration file`);
  return { path, text: bytes.toString("utf8") };
}

async function searchFiles(): Promise<string[]> {
  const home = homedir();
  const directories = [`${home}/.octavia`, home, "/etc/octavia", "/etc"];
  const hits: string[] = [];
  for (const name of ["octavia.conf", PROGRAM_FILE]) {
    const hit = await firstReadable(directories.map((directory) => `${directory}/${name}`));
    if (hit !== undefined) hits.push(hit);
  }
  return hits;
}

async function firstReadable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const readable = await access(path, constants.R_OK).then(
      () => true,
      () => false,
    );
    if (readable) return path;
  }
  return undefined;
}

/** What a new configuration text would change. */
export interface ConfigChange {
  readonly config: Config;
  /** Options whose new value needs a restart. */
  readonly waiting: readonly string[];
  readonly warnings: readonly string[];
}

/** The configuration in force; every part of the agent asks here when it needs a mutable option. */
export class ConfigInForce {
  #config: Config;
  readonly #others: readonly string[];

  constructor({ config, others }: Pick<LoadedConfig, "config" | "others">) {
    this.#config = config;
    this.#others = others;
  }

  get current(): Config {
    return this.#config;
  }

  /** Every file that it comes from, in order. */
  get files(): readonly string[] {
    return [...this.#others, this.#config.file];
  }

  /**
   * Checks a new text of the agent's own file, beside the others it was started with, without applying it.
   * @throws AgentError `invalidInput` when the agent could not start with it
   */
  async check(text: string): Promise<ConfigChange> {
    const { file } = this.#config;
    const others = await Promise.all(this.#others.map(readConfigFile));
    const { config: next, warnings } = parseConfig([...others, { path: file, text }], file);
    requireAmphoraId(next);
    return { ...mergeMutable(this.#config, next), warnings };
  }

  apply(change: ConfigChange): void {
    this.#config = change.config;
  }
}
