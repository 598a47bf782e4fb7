/** What HAProxy prints, as log lines. */

/** @param line - a line of HAProxy's output, which begins with its severity in brackets */
export function levelOfOutput(line: string): "error" | "warn" | "info" {
  if (/^\[(?:ALERT|EMERG)\]/.test(line)) return "error";
  return line.startsWith("[WARNING]") ? "warn" : "info";
}
