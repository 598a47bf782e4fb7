/** Which command shows which logs; pure. */
import { unitName } from "../supervisor/service-name.ts";
import type { Service } from "../supervisor/types.ts";

export const LOG_SOURCES = ["agent", "haproxy", "keepalived"] as const;
export type LogSource = (typeof LOG_SOURCES)[number];

export interface LogRequest {
  /** All of them when empty. */
  readonly sources: readonly LogSource[];
  readonly follow: boolean;
  /** The last so many. */
  readonly lines: number;
  /** As journalctl takes it. */
  readonly since: string | undefined;
}

const AGENT_UNITS = ["amphora-agent.service", "amphora-netns.service"];

/** @returns arguments of journalctl */
export function planJournal(request: LogRequest, services: readonly Service[]): string[] {
  const { follow, lines, since } = request;
  const units = [
    ...(isAsked(request, "agent") ? AGENT_UNITS : []),
    ...services.filter((service) => isAsked(request, sourceOf(service))).map(unitName),
  ];
  return [
    "--no-pager",
    ...(follow ? ["--follow"] : []),
    // A time says by itself how much is wanted.
    ...(since === undefined ? [`--lines=${lines}`] : [`--since=${since}`]),
    ...units.map((unit) => `--unit=${unit}`),
  ];
}

/** @returns arguments of tail */
export function planTail({ follow, lines }: LogRequest, files: readonly string[]): string[] {
  return [`--lines=${lines}`, ...(follow ? ["--follow=name", "--retry"] : []), "--", ...files];
}

export function isAsked({ sources }: Pick<LogRequest, "sources">, source: LogSource): boolean {
  return sources.length === 0 || sources.includes(source);
}

export function sourceOf({ kind }: Service): LogSource {
  return kind === "haproxy" ? "haproxy" : "keepalived";
}
