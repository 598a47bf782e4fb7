/** From a thrown value to the answer on the wire: the only place that knows error bodies. */
import { AgentError, type FrameworkErrorBody } from "../errors.ts";
import { json, type Reply } from "./reply.ts";

/** Texts of docs/contract/rest-api.md, 1.3. */
const FRAMEWORK = {
  404: "Not Found: The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.",
  405: "Method Not Allowed: The method is not allowed for the requested URL.",
  500: "Internal Server Error: The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application.",
} as const;

/** The answer of the framework itself, for what no handler decides. */
export function frameworkReply(status: keyof typeof FRAMEWORK): Reply {
  return json(status, frameworkBody(status, FRAMEWORK[status]));
}

/** A request that breaks HTTP or the server's limits. 400, since the controller takes 408, 413, 414 and 431 for success. */
export function badRequestReply(description: string): Reply {
  return json(400, frameworkBody(400, `Bad Request: ${description}`));
}

/** An `AgentError` brings its status and body; of anything else nothing is disclosed. */
export function errorReply(error: unknown): Reply {
  return error instanceof AgentError ? json(error.status, error.body) : frameworkReply(500);
}

function frameworkBody(status: number, text: string): FrameworkErrorBody {
  return { error: `${status} ${text}`, http_code: status };
}
