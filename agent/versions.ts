/** What this program is, and what it speaks. */
import { fileURLToPath } from "node:url";
import { PACKAGE_ROOT } from "./package-root.ts";
import { readIfPresent } from "./system/files.ts";

/** What `GET /` tells (docs/contract/rest-api.md, R1). */
export const API_VERSION = "1.0";
/** Versions of the REST API that are served, oldest first. */
export const API_VERSIONS: readonly string[] = ["0.5", API_VERSION];

export async function programVersion(): Promise<string> {
  const text = await readIfPresent(fileURLToPath(new URL("package.json", PACKAGE_ROOT)));
  const { version } = JSON.parse(text?.toString() ?? "{}") as { version?: string };
  return version ?? "unknown";
}
