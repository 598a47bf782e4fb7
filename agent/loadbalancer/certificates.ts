/** TLS material of load balancers (docs/contract/rest-api.md, R9 to R11 and 2.12). */
import { createHash } from "node:crypto";
import { AgentError } from "../errors.ts";
import { makeDirectory, readIfPresent, replaceFile } from "../system/files.ts";
import { removeFile } from "../system/removal.ts";
import { isCertificateFileName, parseLoadBalancerId } from "./ids.ts";
import type { Certificates } from "./types.ts";

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** @param options - `directory` holds one directory per load balancer */
export function createCertificates({ directory }: { readonly directory: string }): Certificates {
  /** @returns undefined for an id that no load balancer has */
  const pathOf = (id: string, fileName: string): string | undefined => {
    if (!isCertificateFileName(fileName)) {
      throw new AgentError("invalidInput", "Filename has wrong format");
    }
    return parseLoadBalancerId(id) && `${directory}/${id}/${fileName}`;
  };
  return {
    async store(id, fileName, body) {
      const path = pathOf(id, fileName);
      if (path === undefined) throw new AgentError("invalidInput", "Invalid load balancer id");
      // Apart: parents that are missing too get the usual mode.
      await makeDirectory(directory);
      await makeDirectory(`${directory}/${id}`, DIRECTORY_MODE);
      await replaceFile(path, body, FILE_MODE);
    },

    async md5(id, fileName) {
      const path = pathOf(id, fileName);
      const bytes = path === undefined ? undefined : await readIfPresent(path);
      if (!bytes) {
        throw new AgentError("notFound", "Certificate Not Found", {
          details: `No certificate with filename: ${fileName}`,
        });
      }
      return createHash("md5").update(bytes).digest("hex");
    },

    async delete(id, fileName) {
      const path = pathOf(id, fileName);
      if (path !== undefined) await removeFile(path);
    },
  };
}
