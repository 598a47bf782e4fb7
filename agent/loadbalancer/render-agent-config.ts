/** The agent's own piece of HAProxy configuration, read after the controller's, which stays as it was sent. */

export interface AgentConfigView {
  /** Path of the socket over which only the agent talks to HAProxy. */
  readonly adminSocket: string;
}

/**
 * Text of the file. The socket is made before HAProxy gives root's rights up, so that it belongs to root.
 * @throws Error for a path with a control character, which no quoting makes safe
 * @see docs/contract/field-notes.md, "Kernel and tools": a second file may add a `stats socket` to the controller's
 */
export function renderAgentConfig({ adminSocket }: AgentConfigView): string {
  return `# Written by the amphora agent, which writes it anew.
global
    stats socket ${quoted(adminSocket)} mode 600 level admin
`;
}

/** One word (HAProxy configuration manual, 2.2 "Quoting and escaping"). */
function quoted(word: string): string {
  if (/\p{Cc}/u.test(word)) throw new Error("a control character cannot stand in HAProxy's configuration");
  return /^[A-Za-z0-9_.,:/=+@-]+$/.test(word) ? word : `"${word.replace(/["\\$]/g, "\\$&")}"`;
}
