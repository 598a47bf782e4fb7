/** `haproxy-vrrp-check SOCKET...`: does each HAProxy answer? keepalived runs it every few seconds. */
import { ask } from "../system/unix-socket.ts";

const SOCKET_TIMEOUT_MS = 5_000;
/** An exit code has eight bits: 256 would be success. */
const HIGHEST_EXIT_CODE = 255;

/**
 * Prints nothing; the exit code is the interface.
 * @returns how many sockets gave no data, as far as an exit code goes; 1 at once when one cannot be asked
 * @see docs/contract/tools.md, 1.3
 */
export async function vrrpCheck(sockets: readonly string[]): Promise<number> {
  let silent = 0;
  for (const socket of sockets) {
    try {
      const answer = await ask(socket, "show stat -1 -1 -1", { timeoutMs: SOCKET_TIMEOUT_MS });
      if (answer.length === 0) silent += 1;
    } catch {
      // Whatever the reason, keepalived is told the same: this HAProxy does not answer.
      return 1;
    }
  }
  return Math.min(silent, HIGHEST_EXIT_CODE);
}
