/** Makes findings of one check. */
import type { CheckName, Finding, Severity } from "./types.ts";

type Make = (object: string | null, text: string, remedy: string) => Finding;

export function findingsOf(check: CheckName): { readonly warning: Make; readonly failure: Make } {
  const make =
    (severity: Severity): Make =>
    (object, text, remedy) => ({ check, severity, object, text, remedy });
  return { warning: make("warning"), failure: make("failure") };
}
