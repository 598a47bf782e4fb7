/** Names that come from a URL and end up in paths, unit names and scripts: what they may look like. */
import type { LoadBalancerId } from "./types.ts";

/** A letter or digit first, so that no id is hidden, an option of a program, or a step up in a path. */
const LOAD_BALANCER_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const CERTIFICATE_FILE_NAME = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.pem$/;
/** A file system allows 255; the rest is for the suffix of a temporary file beside it. */
const CERTIFICATE_FILE_NAME_MAX = 200;

/**
 * Checks the id of a load balancer, or of a listener where the API takes either.
 *
 * Controllers send UUIDs. Any single word is accepted, so that ids of other tools and of tests work, but
 * nothing that means something to a path, a shell or systemd (docs/contract/rest-api.md, section 7, rows 2 to 4).
 * @returns undefined when `text` is no such id
 */
export function parseLoadBalancerId(text: string): LoadBalancerId | undefined {
  return LOAD_BALANCER_ID.test(text) ? (text as LoadBalancerId) : undefined;
}

/** Whether `name` may be the file name of a certificate (docs/contract/rest-api.md, section 7, row 1). */
export function isCertificateFileName(name: string): boolean {
  return name.length <= CERTIFICATE_FILE_NAME_MAX && CERTIFICATE_FILE_NAME.test(name);
}
