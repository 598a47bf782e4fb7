/** Whether a HAProxy answers over a new connection: is it silent, or is it the agent that does not hear? */
import { ask } from "../system/unix-socket.ts";

/** As much as heartbeats ask for, so that one that takes too long for them does so here. */
const QUESTION = "show stat -1 7 -1";
const LONGEST_MS = 5_000;

/**
 * @param id - of a load balancer
 * @param intervalMs - between heartbeats
 */
export async function answersOthers(basePath: string, id: string, intervalMs: number): Promise<boolean> {
  try {
    const timeoutMs = Math.min(intervalMs / 2, LONGEST_MS);
    return (await ask(`${basePath}/${id}.sock`, QUESTION, { timeoutMs })).length > 0;
  } catch {
    // Whatever the reason, this one answers nobody; heartbeats report it.
    return false;
  }
}
