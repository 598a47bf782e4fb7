/** L7 policies and their rules (docs/contract/rendering.md, 5.2); pure. */
import { isEnabled, isGone, type PoolTable } from "../document/pools.ts";
import type { L7CompareType, L7Policy, L7Rule, L7RuleType, Listener } from "../document/types.ts";
import { backendName, type ServedListener } from "./listeners.ts";

const MATCH: Readonly<Record<L7CompareType, string>> = {
  REGEX: "-m reg",
  STARTS_WITH: "-m beg",
  ENDS_WITH: "-m end",
  CONTAINS: "-m sub",
  EQUAL_TO: "-m str",
};

/** What the templates call each type. */
const RULE_KIND = {
  HOST_NAME: "hostName",
  PATH: "urlPath",
  FILE_TYPE: "fileType",
  HEADER: "header",
  COOKIE: "cookie",
  SSL_CONN_HAS_CERT: "clientCertificate",
  SSL_VERIFY_RESULT: "verifyResult",
  SSL_DN_FIELD: "dnField",
} as const satisfies Record<L7RuleType, string>;

/** Characters that could end a word or a line: U+0000 to U+0020, U+007F to U+009F. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNPRINTABLE = /[\u0000-\u0020\u007f-\u009f]/;

/** Policies that are there, enabled, and have a rule that is; in document order. */
export function l7PolicyViews({ listener, path }: ServedListener, pools: PoolTable) {
  return (listener.l7policies ?? []).flatMap((policy, index) => {
    if (isGone(policy) || !isEnabled(policy)) return [];
    const policyPath = `${path}.l7policies[${index}]`;
    const rules = (policy.rules ?? []).flatMap((rule, position) =>
      isGone(rule) || !isEnabled(rule) ? [] : [ruleView(rule, `${policyPath}.rules[${position}]`)],
    );
    return rules.length === 0 ? [] : [{ path: policyPath, rules, ...actionView(policy, listener, pools) }];
  });
}

function actionView(policy: L7Policy, listener: Listener, pools: PoolTable) {
  // A code of zero is none.
  const code = policy.redirect_http_code || undefined;
  switch (policy.action) {
    case "REJECT":
      return { reject: true };
    case "REDIRECT_TO_URL":
      return { redirect: { code, kind: "location", target: redirectTarget(policy.redirect_url) } };
    case "REDIRECT_PREFIX":
      return { redirect: { code, kind: "prefix", target: redirectTarget(policy.redirect_prefix) } };
    case "REDIRECT_TO_POOL": {
      const pool = pools.get(policy.redirect_pool_id ?? "")?.pool;
      return pool && !isGone(pool) && isEnabled(pool)
        ? { backend: { name: backendName(pool, listener) } }
        : {};
    }
  }
}

function redirectTarget(given: string | null | undefined): string {
  return given == null || UNPRINTABLE.test(given) ? "None" : given;
}

function ruleView({ l7rule_id, type, compare_type, key, value, invert }: L7Rule, path: string) {
  const isPathEnd = type === "FILE_TYPE" && compare_type === "EQUAL_TO";
  const test = {
    path,
    id: l7rule_id,
    key,
    match: isPathEnd ? "" : MATCH[compare_type],
    value: escapeWord(value),
  };
  return { path, id: l7rule_id, isInverted: invert ?? false, [RULE_KIND[type]]: test };
}

/** HAProxy's own escaping, of backslashes and spaces alone (docs/contract/rendering.md, 3.2). */
function escapeWord(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll(" ", "\\ ");
}
