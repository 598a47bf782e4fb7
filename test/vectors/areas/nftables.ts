/** Firewall requests: the file they leave behind is exact; that nft accepts it is for the integration tests. */
import { deepStrictEqual } from "node:assert";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { AgentError, asError } from "../../../agent/errors.ts";
import { replaceRules } from "../../../agent/network/firewall.ts";
import { readIfPresent, replaceFile } from "../../../agent/system/files.ts";
import type { Outcome } from "./index.ts";

export const name = "nftables";

interface Case {
  readonly name: string;
  readonly input: { readonly rules: unknown; readonly file_before: string | null };
  readonly expected: {
    readonly schema_valid: boolean;
    readonly file?: string;
    /** Octal digits. */
    readonly mode?: string;
    /** Any failure will do. */
    readonly error?: string;
  };
}

export async function run(directory: string): Promise<Outcome> {
  const cases = JSON.parse(await readFile(`${directory}/cases.json`, "utf8")) as Case[];
  const failed: { name: string; reason: string }[] = [];
  const scratch = await mkdtemp(`${tmpdir()}/amphora-nftables-`);
  try {
    for (const [index, item] of cases.entries()) {
      await check(item, `${scratch}/${index}.rules`).catch((error: unknown) => {
        failed.push({ name: item.name, reason: asError(error).message });
      });
    }
  } finally {
    await rm(scratch, { recursive: true });
  }
  return { passed: cases.length - failed.length, failed };
}

async function check({ input, expected }: Case, file: string): Promise<void> {
  const before = input.file_before ?? undefined;
  if (before !== undefined) await writeFile(file, before);
  const isValid = expected.schema_valid && expected.error === undefined;
  const failure = await request(file, input.rules);
  deepStrictEqual(failure?.body, isValid ? undefined : REFUSED);
  deepStrictEqual((await readIfPresent(file))?.toString(), isValid ? expected.file : before);
  if (expected.mode !== undefined) {
    deepStrictEqual(((await stat(file)).mode & 0o7777).toString(8), expected.mode);
  }
}

const REFUSED = { error: "400 Bad Request: Invalid rules information", http_code: 400 };

async function request(file: string, rules: unknown): Promise<AgentError | undefined> {
  const accepted = { exitCode: 0, stdout: "", output: "" };
  try {
    await replaceRules({ netns: { exec: async () => accepted }, replaceFile, file }, rules);
    return undefined;
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
}
