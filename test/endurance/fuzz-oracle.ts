/** What the contract allows an answer to be (docs/contract/rest-api.md, 1.2, 1.3 and 1.5). */
import { type Answer, parseAnswer } from "../integration/api-client.ts";
import type { FuzzRequest } from "./fuzz-requests.ts";

/** Success, and what the controller raises on: it takes every other status for success. */
const STATUSES = new Set([200, 202, 400, 404, 405, 409, 500, 503]);
const FRAMEWORK = /^\{"error":"(\d{3}) [^"\\]+","http_code":(\d{3})\}$/;

const OBJECT = "/(1.0/loadbalancer|0.5/listeners)/[^/]+";
/** Every failure of a handler that the contract has for requests like these, and the agent's two 503. */
const FAILURES: readonly (readonly [request: RegExp, message: RegExp])[] = [
  [/^PUT .*\/haproxy$/, /^Error enabling octavia-keepalived service$/],
  [new RegExp(`^PUT ${OBJECT}/[^/]+$`), /^Error (start|stop|reload)ing haproxy$|^Error stoping haproxy$/],
  [new RegExp(`^PUT ${OBJECT}/[^/]+$`), /^Failed to (start|stop|restart|reload) keepalivedlvs listener \S+$/],
  [/^DELETE \/(1.0|0.5)\/listeners\/[^/]+$/, /^Error stopping (haproxy|keepalivedlvs)$/],
  [/^DELETE \/(1.0|0.5)\/listeners\/[^/]+$/, /^Error disabling octavia-keepalivedlvs-\S+ service$/],
  [/^PUT .*\/udp_listener$/, /^Error enabling octavia-keepalivedlvs service$/],
  [/^PUT \/(1.0|0.5)\/vrrp\/upload$/, /^Error enabling octavia-keepalived service$/],
  [/^PUT \/(1.0|0.5)\/vrrp\/[^/]+$/, /^Failed to (start|stop|restart|reload) octavia-keepalived service$/],
  [/^POST \/(1.0|0.5)\/plug\/vip\/[^/]+$/, /^Error plugging VIP$/],
  [/^POST \/(1.0|0.5)\/plug\/network$/, /^Error plugging (network|vip)$/],
  [/^PUT \/1.0\/config$/, /^Unable to update amphora-agent configuration\.$/],
  [/^GET \/0.5\/listeners\/[^/]+$/, /^Error getting kernel lvs status for udp listener \S+$/],
  [/./, /^(Too many requests at the same time|The request takes too long)$/],
];

/** @returns the status, or 0 for no answer. @throws Error that says what is wrong with the answer */
export function judge(request: FuzzRequest, text: string): number {
  const isHttp = request.manner === "http";
  if (request.manner === "plain") return 0;
  const final = text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, "");
  if (final === "") {
    if (isHttp && request.method !== "CONNECT") throw new Error("no answer");
    return 0;
  }
  const answer = parseAnswer(final);
  if (!STATUSES.has(answer.status)) throw new Error(`status ${answer.status}`);
  const isHead = isHttp ? request.method === "HEAD" : request.bytes.includes("HEAD");
  checkHead(answer, isHead);
  if (answer.body !== "" || !isHead) checkBody(answer);
  if (answer.status >= 500) checkFailure(request, answer);
  checkExpected(request, answer);
  return answer.status;
}

function checkHead({ headers, body, status }: Answer, isHead: boolean): void {
  if (headers.connection !== "close") throw new Error(`Connection: ${headers.connection}`);
  const length = Number(headers["content-length"]);
  if (length !== body.length && !(isHead && body === ""))
    throw new Error(`${body.length} bytes, not ${length}`);
  if (status >= 400 && headers["content-type"] !== "application/json")
    throw new Error(`Content-Type: ${headers["content-type"]}`);
  if (headers.etag !== undefined && !/^[0-9a-f]{32}$/.test(headers.etag))
    throw new Error(`ETag: ${headers.etag}`);
}

function checkBody({ headers, body, status }: Answer): void {
  if (headers["content-type"] !== "application/json") return;
  const value = JSON.parse(body) as unknown;
  if (JSON.stringify(value) !== body && !body.includes("\\u")) throw new Error(`not compact JSON: ${body}`);
  if (status < 400) return;
  const framework = FRAMEWORK.exec(body);
  if (framework) {
    if (framework[1] !== String(status) || framework[2] !== String(status))
      throw new Error(`${status}: ${body}`);
    return;
  }
  const keys = Object.keys(value as object).join(",");
  const isHandlers = ["message", "details", "message,details"].includes(keys);
  if (!isHandlers || Object.values(value as object).some((field) => typeof field !== "string")) {
    throw new Error(`neither the framework's nor a handler's error: ${body}`);
  }
}

function checkFailure(request: FuzzRequest, { status, body }: Answer): void {
  const name = `${request.method} ${plainPath(request.path)}`;
  if (FRAMEWORK.test(body)) {
    if (isFrameworkFailureAllowed(request)) return;
    throw new Error(`accident at ${name}`);
  }
  const { message = "" } = JSON.parse(body) as { message?: string };
  // What arrives of a damaged request may be another one.
  const known = FAILURES.some(
    ([where, what]) => what.test(message) && (request.manner !== "http" || where.test(name)),
  );
  if (!known) throw new Error(`${status} at ${name}: ${body}`);
}

/** R5: not UTF-8. R21: nft refuses. Nothing else. */
function isFrameworkFailureAllowed({ manner, method, path, body, bytes }: FuzzRequest): boolean {
  // The damage may be what is not UTF-8, and may have changed the path.
  if (manner !== "http") return /^[^\r\n]*(haproxy|rules)/.test(bytes.toString("latin1"));
  if (/\/1.0\/interface\/[^/]+\/rules$/.test(plainPath(path))) return true;
  return (
    method === "PUT" &&
    /\/(1.0\/loadbalancer|0.5\/listeners)\/[^/]+\/[^/]+\/haproxy$/.test(plainPath(path)) &&
    !isUtf8(body)
  );
}

/** Without what a client may write before and behind it (docs/contract/rest-api.md, 1.2). */
function plainPath(path: string): string {
  return path
    .replace(/^http:\/\/[^/]+/, "")
    .replace(/[?#].*$/, "")
    .replace(/^\/+/, "/");
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString("utf8")).equals(bytes);
}

function checkExpected({ expected }: FuzzRequest, { status, body }: Answer): void {
  if (!expected) return;
  if (status !== expected.status) throw new Error(`${status} in place of ${expected.status}: ${body}`);
  if (expected.body && body !== expected.body.toString("latin1"))
    throw new Error(`not what was uploaded: ${body}`);
}
