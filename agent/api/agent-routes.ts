/**
 * What the agent offers beyond upstream's API, where no controller looks by accident; it only tells. For amphorae
 * that nobody can log in to.
 */
import { archive, exposition, json } from "./reply.ts";
import { EXAMINES, type Route, reads } from "./route.ts";
import type { Agent } from "./types.ts";

/** Paths are relative to `/agent/v1`. */
export function agentRoutes(agent: Agent): readonly Route[] {
  return [
    { ...reads, path: "/status", answer: async () => json(200, await agent.status()) },
    { ...reads, path: "/metrics", answer: async () => exposition(await agent.figures()) },
    {
      ...reads,
      path: "/diagnostics",
      deadline: EXAMINES,
      answer: async () => archive(await agent.diagnostics()),
    },
    { ...reads, path: "/history", answer: async () => json(200, await agent.loadBalancers.history()) },
  ];
}
