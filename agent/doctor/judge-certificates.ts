/** Certificates: their keys, and the moment from which they count. When they end, the status says. */
import { findingsOf } from "./finding.ts";
import type { Finding } from "./types.ts";

export interface CertificateFile {
  readonly file: string;
  readonly usedBy: "agent" | "controllers" | "listener";
  readonly notBefore: Date;
  /** Undefined when there is no key in the file: authorities have none. */
  readonly keyMatches: boolean | undefined;
}

const { failure } = findingsOf("certificates");
const REMEDIES = {
  agent:
    "rotate the amphora's certificate: openstack loadbalancer amphora failover replaces it with the amphora",
  controllers:
    "put the controllers' authority there as it is in [haproxy_amphora] server_ca of the controller",
  listener: "update the listener's certificate in Barbican, then update the listener",
};

export function judgeCertificates(files: readonly CertificateFile[], now: Date): Finding[] {
  return files.flatMap(({ file, usedBy, notBefore, keyMatches }) => {
    const remedy = REMEDIES[usedBy];
    return [
      ...(keyMatches === false ? [failure(file, `the key in ${file} is not its certificate's`, remedy)] : []),
      ...(keyMatches === undefined && usedBy !== "controllers"
        ? [failure(file, `there is no key in ${file}`, remedy)]
        : []),
      ...(notBefore > now
        ? [
            failure(
              file,
              `${file} is valid from ${notBefore.toISOString()}, and the clock says ${now.toISOString()}`,
              "compare the clock with the controller's: date -u",
            ),
          ]
        : []),
    ];
  });
}
