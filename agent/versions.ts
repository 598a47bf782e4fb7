/** What this program is, and what it speaks. */
import { readPackageFile } from "./package-files.ts";

/** What `GET /` tells (docs/contract/rest-api.md, R1). */
export const API_VERSION = "1.0";
/** Versions of the REST API that are served, oldest first. */
export const API_VERSIONS: readonly string[] = ["0.5", API_VERSION];

export async function programVersion(): Promise<string> {
  const { version } = JSON.parse(await readPackageFile("package.json")) as { version?: string };
  return version ?? "unknown";
}
