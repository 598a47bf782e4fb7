/** Body of the firewall request; pure. */
import { RejectedBodyError } from "../errors.ts";
import { parseCidr } from "../parse-address.ts";
import { Fields } from "./parse-fields.ts";
import type { Family } from "./types.ts";

export type RuleProtocol = "TCP" | "UDP" | "SCTP" | "vrrp";

/** What one rule lets in through the VIP port. */
export interface FirewallRule {
  readonly protocol: RuleProtocol;
  /** Who may send; undefined: everybody, of either family. */
  readonly source: { readonly family: Family; readonly cidr: string } | undefined;
  /** Not used for VRRP, which has no ports. */
  readonly port: number;
}

const PROTOCOLS: readonly RuleProtocol[] = ["TCP", "UDP", "SCTP", "vrrp"];
const KEYS = ["protocol", "cidr", "port"];
/** Controllers write this for "no restriction", and mean IPv6 too; `::/0` means IPv6 only. */
const ANYWHERE = "0.0.0.0/0";

const reject = (reason: string): Error => new RejectedBodyError("Invalid rules information", reason);

/**
 * R21 (docs/contract/rest-api.md, R21; network.md, section 7).
 * @returns the rules in the order of the request
 * @throws AgentError `invalidInput` with the contract's body
 */
export function parseRules(body: unknown): FirewallRule[] {
  if (!Array.isArray(body)) throw reject("the body is not a list");
  return body.map((item: unknown, index) => parseRule(Fields.of(item, `rule ${index}`, reject)));
}

function parseRule(fields: Fields): FirewallRule {
  const missing = KEYS.find((key) => !fields.has(key));
  if (missing !== undefined) throw fields.error(`${missing} is missing`);
  const unknown = fields.keys().find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw fields.error(`${unknown} is unknown`);
  return { protocol: parseProtocol(fields), source: parseSource(fields), port: parsePort(fields) };
}

function parseProtocol(fields: Fields): RuleProtocol {
  const text = fields.text("protocol");
  const protocol = PROTOCOLS.find((known) => known === text);
  if (protocol === undefined) throw fields.error("protocol is unknown");
  return protocol;
}

/** The whole text is checked: root's nft reads it (docs/contract/rest-api.md, section 7, row 28). */
function parseSource(fields: Fields): FirewallRule["source"] {
  const text = fields.optionalText("cidr") ?? "";
  if (text === "" || text === ANYWHERE) return undefined;
  const network = parseCidr(text);
  if (network === undefined) throw fields.error("cidr is not a network");
  const { address, prefix } = network;
  const [host = "", length] = text.split("/");
  // The number, never its text: nft takes a leading zero for an octal number.
  return { family: address.family, cidr: length === undefined ? host : `${host}/${prefix}` };
}

function parsePort(fields: Fields): number {
  const port = fields.integer("port");
  if (port < 1 || port > 65_535) throw fields.error("port is out of range");
  return port;
}
