/** The image's own piece of configuration: the group that HAProxy runs as on this distribution. */
import { USER_GROUP_FILE } from "../config/paths.ts";
import { isFile } from "../system/files.ts";

/**
 * Arguments that add the file to a HAProxy command, after those of the load balancer's own configuration
 * (docs/contract/rest-api.md, 2.3); none where the image has no such file.
 */
export async function groupFileArguments(): Promise<string[]> {
  return (await isFile(USER_GROUP_FILE)) ? ["-f", USER_GROUP_FILE] : [];
}
