/** The word at the end of a path that says what to do with a service (docs/contract/rest-api.md, R7 and R15). */
import { AgentError } from "./errors.ts";

const ACTIONS = ["start", "stop", "reload"] as const;
export type Action = (typeof ACTIONS)[number];

/** @throws AgentError `invalidInput`; upper case is as good as lower case */
export function parseAction(word: string): Action {
  const wanted = word.toLowerCase();
  const action = ACTIONS.find((candidate) => candidate === wanted);
  if (action) return action;
  throw new AgentError("invalidInput", "Invalid Request", { details: `Unknown action: ${wanted}` });
}
