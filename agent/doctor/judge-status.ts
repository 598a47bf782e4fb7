/** What the status has found wrong, with what to do about it. */
import type { Problem, ProblemSubject } from "../status/types.ts";
import { findingsOf } from "./finding.ts";
import { READ_ONLY_REMEDY } from "./judge-files.ts";
import type { Finding } from "./types.ts";

const REMEDIES: Readonly<Record<ProblemSubject, string>> = {
  configuration: "correct the file that is named, then systemctl restart amphora-agent",
  agent: "systemctl restart amphora-agent; amphora logs agent shows why it ended",
  heartbeat: "amphora heartbeat --print; amphora logs agent, events heartbeat.*",
  machine: "df -h, free -m and ps aux --sort=-rss show what takes it; a larger flavor, or amphora failover",
  processes:
    "ps -eLf --sort=-rss: what has multiplied or grown? end it, or systemctl set-property its unit TasksMax=, MemoryMax=",
  namespace: "systemctl restart amphora-netns, or have the controller fail the amphora over",
  interface: "amphora exec -- ip link; is the port still attached: openstack server show, port list",
  vip: "amphora exec -- ip addr; amphora exec -- amphora-interface up all",
  healing:
    "amphora logs agent, events healing.*, tells what was heard before each repair: what else changes it",
  vrrp: "systemctl restart octavia-keepalived; amphora logs keepalived shows why",
  haproxy: "systemctl restart its unit, or amphora logs haproxy to see why it ended",
  listener: "amphora logs; a higher connection limit if it is full",
  pool: "look at its members first",
  member: "amphora exec -- curl -v its address, from where HAProxy asks",
  certificate: "have the controller renew it, or update the listener's certificate",
};

/** What is to be done differently from the rest of a subject. */
const SPECIAL: readonly (readonly [RegExp, string])[] = [[/^the disk is read-only/, READ_ONLY_REMEDY]];

/** Problems that another check may have looked at more closely. */
const ALSO_ELSEWHERE: ReadonlySet<ProblemSubject> = new Set(["vip", "member", "certificate"]);

/** @param others - findings of the other checks: what they say of the same object is not said twice */
export function judgeStatus(problems: readonly Problem[], others: readonly Finding[]): Finding[] {
  const { failure, warning } = findingsOf("state");
  const known = new Set(others.map(({ object }) => object));
  return problems
    .filter(({ subject, object }) => !(object && ALSO_ELSEWHERE.has(subject) && known.has(object)))
    .map(({ severity, subject, object, text }) =>
      (severity === "error" ? failure : warning)(object, text, remedyOf(subject, text)),
    );
}

function remedyOf(subject: ProblemSubject, text: string): string {
  const [, special] = SPECIAL.find(([pattern]) => pattern.test(text)) ?? [];
  return special ?? REMEDIES[subject];
}
