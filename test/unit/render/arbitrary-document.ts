/**
 * Documents that the published schema accepts, made from the schema itself: whatever it allows can come up.
 * Properties that chance would hardly ever make fit have values of their own.
 */
import fc, { type Arbitrary } from "fast-check";
import { checkDocument } from "../../../agent/render/document/parse-document.ts";
import { DocumentError } from "../../../agent/render/document/problem.ts";
import type { RenderingDocument } from "../../../agent/render/document/types.ts";
import schema from "../../../docs/contract/rendering.schema.json" with { type: "json" };

type Kind = RenderingDocument["kind"];
type Schema = Readonly<Record<string, unknown>>;
type Values = Readonly<Record<string, Arbitrary<unknown>>>;

/** Few, so that references meet; some are properties that every object has. */
const ID = fc.constantFrom("a", "b", "c-1", "constructor", "__proto__", "toString");
const ADDRESS = fc.oneof({ weight: 4, arbitrary: fc.ipV4() }, { weight: 2, arbitrary: fc.ipV6() });
const NETWORK = fc.constantFrom("203.0.113.0/24", "10.0.0.0/255.0.0.0", "2001:DB8::/32", "192.0.2.1", "::/0");
const TEXT = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z0-9]{1,8}$/) },
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom(
    ..."{ } # ! $(x) %[x] \u0085 \u2028 \t < > & ' \" \\".split(" "),
    "",
    " ",
    "a b",
    'a"b',
    "a\\",
  ),
);
const LINE = TEXT.filter((text) => !/[\0\r\n]/.test(text));

const PLAUSIBLE: Values = {
  vip_address: ADDRESS,
  ip_address: ADDRESS,
  address: ADDRESS,
  vrrp_ip: ADDRESS,
  nexthop: ADDRESS,
  gateway_ip: fc.option(ADDRESS),
  monitor_address: fc.option(ADDRESS),
  cidr: NETWORK,
  destination: NETWORK,
  vrrp_interface: fc.constantFrom("eth1", "ens3"),
  vrrp_id: fc.integer({ min: 0, max: 255 }),
  vrrp_priority: fc.integer({ min: 1, max: 254 }),
  status: fc.constantFrom("ALLOCATED", "ALLOCATED", "DELETED", null),
  provisioning_status: fc.constantFrom("ACTIVE", "PENDING_DELETE", null),
  admin_state_up: fc.constantFrom(true, true, true, false, null),
  lb_algorithm: fc.constantFrom("ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP", "SOURCE_IP_PORT", "x", null),
  type: fc.constantFrom("HTTP", "HTTPS", "PING", "TCP", "TLS-HELLO", "UDP-CONNECT", "SCTP", "x"),
  expected_codes: fc.constantFrom("200", "200-204", "200, 301,302", "a-b", "", null),
  http_method: fc.constantFrom("GET", "GET", "HEAD", null),
  version: fc.constantFrom("1.5", "2.6", "2.10"),
  // Required by a condition, which the schema keeps apart.
  key: LINE,
  cookie_name: LINE,
  project_id: LINE,
};
/** Of the properties that a condition requires, by the kind of document. */
const REQUIRED: Readonly<Record<Kind, readonly string[]>> = {
  haproxy: ["haproxy", "version", "listeners", "project_id"],
  "keepalived-lvs": ["listener_id", "listeners"],
  "keepalived-vrrp": [
    "amphora_id",
    "amphorae",
    "vrrp",
    "vrrp_ip",
    "vrrp_interface",
    "vrrp_id",
    "vrrp_priority",
  ],
};
const ALWAYS_REQUIRED = ["key", "cookie_name"];

/** Any document of one kind that its schema accepts; most of them can be rendered. */
export function arbitraryDocument(kind: Kind): Arbitrary<RenderingDocument> {
  const values =
    kind === "keepalived-lvs" ? { ...PLAUSIBLE, protocol: fc.constantFrom("UDP", "SCTP") } : PLAUSIBLE;
  const anything = new Generator(REQUIRED[kind].concat(ALWAYS_REQUIRED), values).of(schema);
  return anything
    .map((document) => ({ ...(document as RenderingDocument), kind }))
    .map((document) => ({
      ...document,
      amphora_id: document.amphorae?.[0]?.id ?? "a",
      listener_id: document.loadbalancer.listeners?.[0]?.listener_id ?? "a",
    }))
    .filter(isAccepted);
}

export function isAccepted(value: unknown): value is RenderingDocument {
  try {
    checkDocument(value);
    return true;
  } catch (error) {
    if (error instanceof DocumentError) return false;
    throw error;
  }
}

class Generator {
  readonly #required: readonly string[];
  readonly #values: Values;

  constructor(required: readonly string[], values: Values) {
    this.#required = required;
    this.#values = values;
  }

  of(part: Schema): Arbitrary<unknown> {
    if (typeof part.$ref === "string") return this.of(definition(part.$ref));
    if (part.const !== undefined) return fc.constant(part.const);
    if (Array.isArray(part.enum)) return fc.constantFrom(...(part.enum as unknown[]));
    if (Array.isArray(part.anyOf) && part.type === undefined) {
      return fc.oneof(
        { weight: 1, arbitrary: fc.constant(null) },
        { weight: 4, arbitrary: this.of(part.anyOf[0] as Schema) },
      );
    }
    const types = Array.isArray(part.type) ? (part.type as unknown[]) : [part.type];
    return fc.oneof(...types.map((type) => this.#ofType(String(type), part)));
  }

  #ofType(type: string, part: Schema): Arbitrary<unknown> {
    switch (type) {
      case "object":
        return this.#object(part);
      case "array":
        return fc.array(this.of(part.items as Schema), { minLength: 1, maxLength: 3 });
      case "string":
        return text(part);
      case "integer":
        return fc.oneof(
          fc.integer({ min: Number(part.minimum ?? 0), max: Number(part.maximum ?? 100) }),
          fc.integer({ min: Number(part.minimum ?? -(2 ** 31)), max: Number(part.maximum ?? 2 ** 31 - 1) }),
        );
      case "boolean":
        return fc.boolean();
      case "null":
        return fc.constant(null);
      default:
        throw new Error(`no values of type ${type}`);
    }
  }

  #object({ properties, required, additionalProperties }: Schema): Arbitrary<unknown> {
    if (properties === undefined)
      return fc.dictionary(ID, this.of(additionalProperties as Schema), { maxKeys: 3 });
    const schemas = Object.entries(properties as Readonly<Record<string, Schema>>);
    const model = Object.fromEntries(schemas.map(([name, part]) => [name, this.#property(name, part)]));
    const names = [...((required as readonly string[] | undefined) ?? []), ...this.#required];
    return fc.record(model, { requiredKeys: names.filter((name) => Object.hasOwn(model, name)) });
  }

  #property(name: string, part: Schema): Arbitrary<unknown> {
    const own = this.#values[name];
    if (own === undefined || (part.enum !== undefined && name !== "protocol"))
      return this.#requiredPart(name, part);
    return own;
  }

  /** What a condition requires must not be null. */
  #requiredPart(name: string, part: Schema): Arbitrary<unknown> {
    const anything = this.of(part);
    return this.#required.includes(name) ? anything.filter((value) => value !== null) : anything;
  }
}

function text({ pattern, minLength, not }: Schema): Arbitrary<string> {
  if (pattern === "^[A-Za-z0-9_.-]+$") return ID;
  const any = not === undefined ? TEXT : LINE;
  if (pattern === "^/") return any.map((rest) => `/${rest}`);
  if (pattern === "^/.*[^/]$") return any.map((rest) => `/${rest.replace(/\/+$/, "")}x`);
  return minLength === undefined ? any : any.map((rest) => `${rest}xx`);
}

function definition(reference: string): Schema {
  const definitions: Readonly<Record<string, Schema>> = schema.$defs;
  const found = definitions[reference.replace("#/$defs/", "")];
  if (found === undefined) throw new Error(`no schema ${reference}`);
  return found;
}
