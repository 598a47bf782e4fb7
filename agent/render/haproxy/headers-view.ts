/** Headers that a backend adds to requests (docs/contract/rendering.md, 6.5); pure. */
import type { ServedListener, ServedPool, ServedProtocol } from "./listeners.ts";

const SCHEMES: Partial<Record<ServedProtocol, string>> = { HTTP: "http", TERMINATED_HTTPS: "https" };

export function insertedHeadersView({ listener, path, protocol }: ServedListener, pool: ServedPool) {
  const wanted = listener.insert_headers ?? {};
  const wants = (name: string) => wanted[name]?.toLowerCase() === "true";
  const isHttp = pool.protocol === "HTTP";
  const isTerminating = protocol === "TERMINATED_HTTPS";
  return {
    path: `${path}.insert_headers`,
    forwardedFor: isHttp && wants("X-Forwarded-For"),
    forwardedPort: isHttp && wants("X-Forwarded-Port"),
    forwardedProto: wants("X-Forwarded-Proto") ? SCHEMES[protocol] : undefined,
    clientVerify: isTerminating && wants("X-SSL-Client-Verify"),
    clientHasCert: isTerminating && wants("X-SSL-Client-Has-Cert"),
    clientDn: isTerminating && wants("X-SSL-Client-DN"),
    clientCn: isTerminating && wants("X-SSL-Client-CN"),
    issuer: isTerminating && wants("X-SSL-Issuer"),
    clientSha1: isTerminating && wants("X-SSL-Client-SHA1"),
    clientNotBefore: isTerminating && wants("X-SSL-Client-Not-Before"),
    clientNotAfter: isTerminating && wants("X-SSL-Client-Not-After"),
  };
}
