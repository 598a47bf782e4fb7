/** Names that come from a URL and end up in paths: what they may look like. */
import { parseObjectId } from "../object-id.ts";
import type { LoadBalancerId } from "./types.ts";

const CERTIFICATE_FILE_NAME = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.pem$/;
/** A file system allows 255; the rest is for the suffix of a temporary file beside it. */
const CERTIFICATE_FILE_NAME_MAX = 200;

/** The id of a load balancer, as of {@link parseObjectId}. */
export const parseLoadBalancerId: (text: string) => LoadBalancerId | undefined = parseObjectId;

/** Whether `name` may be the file name of a certificate (docs/contract/rest-api.md, section 7, row 1). */
export function isCertificateFileName(name: string): boolean {
  return name.length <= CERTIFICATE_FILE_NAME_MAX && CERTIFICATE_FILE_NAME.test(name);
}
