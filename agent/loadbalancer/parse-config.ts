/** What the agent itself needs to know of a stored HAProxy configuration. */
import type { ListenerStatus } from "./types.ts";

export interface ParsedConfig {
  readonly statsSocket: string;
  /** In order of appearance. */
  readonly listeners: readonly ListenerStatus[];
}

/**
 * Frontends and stats socket of a configuration (docs/contract/rest-api.md, R4).
 * @throws Error when a frontend has no mode or the stats socket is missing: the contract's 500
 */
export function parseConfig(text: string): ParsedConfig {
  const statsSocket = parseStatsSocket(text);
  if (statsSocket === undefined) throw new Error("haproxy.cfg names no stats socket");
  const listeners: ListenerStatus[] = [];
  let frontend: { readonly name: string; readonly lines: string[] } | undefined;
  const finish = (): void => {
    if (frontend) listeners.push(parseFrontend(frontend.name, frontend.lines));
  };
  // A section's first line counts only after a line break, so never the very first of the file.
  for (const line of text.split("\n").slice(1)) {
    const [, kind, name = ""] = /^(frontend|backend)\s+(\S+)$/.exec(line) ?? [];
    if (kind === undefined) {
      frontend?.lines.push(line);
      continue;
    }
    finish();
    frontend = kind === "frontend" ? { name, lines: [] } : undefined;
  }
  finish();
  return { statsSocket, listeners };
}

/** The path after the first `stats socket`, if there is one. */
export function parseStatsSocket(text: string): string | undefined {
  return /stats socket\s+(\S+)/.exec(text)?.[1];
}

function parseFrontend(name: string, lines: readonly string[]): ListenerStatus {
  const mode = firstMatch(lines, /^\s+mode\s+(.*)$/);
  if (mode === undefined) throw new Error(`frontend ${name} of haproxy.cfg has no mode`);
  const terminatesTls = firstMatch(lines, /^\s+bind\s+\S+\s+ssl crt-list\s+(\S*)/) !== undefined;
  return {
    status: "ACTIVE",
    uuid: name,
    type: terminatesTls ? "TERMINATED_HTTPS" : mode.trim().toUpperCase(),
  };
}

function firstMatch(lines: readonly string[], pattern: RegExp): string | undefined {
  for (const line of lines) {
    const match = pattern.exec(line);
    if (match) return match[1];
  }
  return undefined;
}

/**
 * Addresses that a configuration listens on, each once, in order of appearance
 * (docs/contract/rest-api.md, 2.8; network.md, 8.1).
 */
export function parseBindAddresses(text: string): string[] {
  return [...new Set(text.split("\n").flatMap(addressesOfLine))];
}

function addressesOfLine(line: string): string[] {
  const [first, ...words] = line.trim().split(/\s+/);
  const addresses: string[] = [];
  if (first !== "bind") return addresses;
  for (const word of words) {
    const end = word.lastIndexOf(":");
    if (end < 0) continue;
    addresses.push(word.slice(0, end));
    if (!word.endsWith(",")) break;
  }
  return addresses;
}
