/** Noting a failure in place of what was looked for. */
import { AgentError, asError, systemErrorCode } from "../errors.ts";
import type { Found } from "./facts.ts";

/** @returns what is found, or why nothing is, in one line */
export async function attempt<T>(look: () => Promise<T>): Promise<Found<T>> {
  try {
    return { value: await look() };
  } catch (error) {
    const { message } = asError(error);
    const details = error instanceof AgentError ? error.details?.trim().split("\n", 1)[0] : undefined;
    const code = error instanceof AgentError ? systemErrorCode(error.cause) : undefined;
    return { failure: details ? `${message}: ${details}` : message, ...(code !== undefined && { code }) };
  }
}
