/**
 * What the agent offers beyond upstream's API, where no controller looks by accident; it only tells. For amphorae
 * that nobody can log in to.
 */
import { json } from "./reply.ts";
import { type Route, reads } from "./route.ts";
import type { Agent } from "./types.ts";

/** Paths are relative to `/agent/v1`. */
export function agentRoutes({ status }: Agent): readonly Route[] {
  return [{ ...reads, path: "/status", answer: async () => json(200, await status()) }];
}
