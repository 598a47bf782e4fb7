/** TLS material of load balancers (docs/contract/rest-api.md, R9 to R11 and 2.12). */
import { createHash } from "node:crypto";
import { AgentError } from "../errors.ts";
import { makeDirectory, readIfPresent, replaceFile } from "../system/files.ts";
import { removeFile } from "../system/removal.ts";
import { isCertificateFileName, parseLoadBalancerId } from "./ids.ts";
import type { Certificates } from "./types.ts";

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

export interface CertificatesOptions {
  /** Holds one directory per load balancer. */
  readonly directory: string;
  /** Runs jobs with the same key one after the other. */
  readonly exclusive: { run<T>(key: string, job: () => Promise<T>): Promise<T> };
}

/** Key of what changes a load balancer's certificates: none may be stored while their directory is deleted. */
export function certificatesKey(id: string): string {
  return `certificates ${id}`;
}

export function createCertificates({ directory, exclusive }: CertificatesOptions): Certificates {
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
      await exclusive.run(certificatesKey(id), async () => {
        // Apart: parents that are missing too get the usual mode.
        await makeDirectory(directory);
        await makeDirectory(`${directory}/${id}`, DIRECTORY_MODE);
        await replaceFile(path, body, FILE_MODE);
      });
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
      if (path !== undefined) await exclusive.run(certificatesKey(id), () => removeFile(path));
    },
  };
}
