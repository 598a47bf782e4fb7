/**
 * Which changes of certificates and of their lists HAProxy's runtime API can make (HAProxy management guide, 9.3, "set
 * ssl cert", "add ssl crt-list"; HAProxy 2.6, measured).
 */
import type { HaproxyVersion } from "../../supervisor/types.ts";
import { isAtLeast } from "../parse-version.ts";
import type { Change, Files } from "./types.ts";

/** Words of a command that need no quoting. */
const PLAIN_PATH = /^\/[\w./-]+$/;

/**
 * @param changed - paths whose content is another one, or that only one of both has
 * @returns changes, or why there has to be a reload
 */
export function planCertificates(
  before: Files,
  after: Files,
  changed: readonly string[],
  version: HaproxyVersion,
): readonly Change[] | string {
  const lists = changed.filter((path) => path in before.lists && path in after.lists);
  const others = changed.filter((path) => !lists.includes(path));
  const changes: Change[] = [];
  for (const list of lists) {
    const decision = planList(list, before.lists[list] ?? [], after.lists[list] ?? []);
    if (typeof decision === "string") return decision;
    changes.push(...decision);
  }
  const isNamed = (kind: "list.add" | "list.delete", path: string) =>
    changes.some((change) => change.kind === kind && change.path === path);
  for (const path of others) {
    const [was, is] = [before.certificates.includes(path), after.certificates.includes(path)];
    const digest = after.digests[path];
    if (!was && is && digest && isNamed("list.add", path)) {
      changes.push({ kind: "certificate.set", path, digest, isNew: true });
    } else if (was && is && digest && before.digests[path])
      changes.push({ kind: "certificate.set", path, digest, isNew: false });
    else if (was && !(path in after.digests) && isNamed("list.delete", path))
      changes.push({ kind: "certificate.delete", path });
    else return `${path} is another one`;
  }
  const odd = changes.find((change) => "path" in change && !PLAIN_PATH.test(change.path));
  if (odd && "path" in odd) return `${odd.path} needs quotes`;
  // Before, certificates of servers are not among them.
  if (changes.length > 0 && !isAtLeast(version, 2, 4)) return "HAProxy before 2.4 cannot change certificates";
  return changes;
}

/** HAProxy appends what it adds, and keeps the first one as long as it runs: who sends no name gets that. */
function planList(
  list: string,
  before: readonly string[],
  after: readonly string[],
): readonly Change[] | string {
  if (new Set(before).size < before.length || new Set(after).size < after.length) return `${list} has twins`;
  if (before[0] !== after[0]) return `${list}: its default certificate is another one`;
  if (!PLAIN_PATH.test(list)) return `${list} needs quotes`;
  const added = after.filter((path) => !before.includes(path));
  const kept = before.filter((path) => after.includes(path));
  if ([...kept, ...added].join("\n") !== after.join("\n")) return `${list}: its order is another one`;
  return [
    ...added.map((path) => ({ kind: "list.add", list, path }) as const),
    ...before
      .filter((path) => !after.includes(path))
      .map((path) => ({ kind: "list.delete", list, path }) as const),
  ];
}
