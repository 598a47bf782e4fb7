/** A document of one HTTP listener with one pool and one member, changed where a test wants it otherwise. */
import type {
  Certificates,
  HealthMonitor,
  L7Policy,
  L7Rule,
  Listener,
  LoadBalancer,
  Member,
  Pool,
  RenderingDocument,
} from "../../../../agent/render/document/types.ts";
import { renderDocument } from "../../../../agent/render/documents.ts";

export interface Changes {
  readonly document?: Partial<RenderingDocument>;
  readonly loadBalancer?: Partial<LoadBalancer>;
  readonly listener?: Partial<Listener>;
  readonly policy?: Partial<L7Policy>;
  readonly rule?: Partial<L7Rule>;
  readonly pool?: Partial<Pool>;
  readonly member?: Partial<Member>;
  readonly monitor?: Partial<HealthMonitor>;
  readonly listenerFiles?: NonNullable<Certificates["listeners"]>[string];
  readonly poolFiles?: NonNullable<Certificates["pools"]>[string];
}

const MONITOR: HealthMonitor = {
  healthmonitor_id: "hm",
  type: "HTTP",
  delay: 5,
  timeout: 3,
  max_retries: 1,
  max_retries_down: 2,
  http_method: "GET",
  url_path: "/",
  expected_codes: "200",
};
const POLICY: L7Policy = { l7policy_id: "policy", action: "REJECT" };
const RULE: L7Rule = { l7rule_id: "rule", type: "PATH", compare_type: "EQUAL_TO", value: "/" };

/** A monitor, a policy and a rule are there when a change names them. */
export function aDocument(changes: Changes = {}): RenderingDocument {
  const { document, loadBalancer, listener, pool, member, monitor, listenerFiles, poolFiles } = changes;
  return {
    format: "octavia-amphora-rendering",
    format_version: 1,
    kind: "haproxy",
    haproxy: { version: "2.6" },
    certificates: { listeners: { l: listenerFiles ?? {} }, pools: { p: poolFiles ?? {} } },
    ...document,
    loadbalancer: {
      loadbalancer_id: "lb-1",
      project_id: "project",
      vip_address: "203.0.113.5",
      listeners: [
        {
          listener_id: "l",
          protocol: "HTTP",
          protocol_port: 80,
          default_pool_id: "p",
          l7policies: policies(changes),
          ...listener,
        },
      ],
      pools: [
        {
          pool_id: "p",
          protocol: "HTTP",
          members: [{ member_id: "m", address: "10.0.0.1", protocol_port: 8080, ...member }],
          ...(monitor && { healthmonitor: { ...MONITOR, ...monitor } }),
          ...pool,
        },
      ],
      ...loadBalancer,
    },
  };
}

function policies({ policy, rule }: Changes): readonly L7Policy[] {
  return policy || rule ? [{ ...POLICY, rules: [{ ...RULE, ...rule }], ...policy }] : [];
}

/** @returns the lines of the text that `pattern` matches, without their indentation */
export async function linesLike(pattern: RegExp, changes: Changes = {}): Promise<readonly string[]> {
  const text = await renderDocument(aDocument(changes));
  return text
    .split("\n")
    .map((line) => line.trimStart())
    .filter((line) => pattern.test(line));
}
