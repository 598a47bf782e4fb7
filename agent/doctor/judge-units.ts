/** systemd's units of this amphora. */
import { findingsOf } from "./finding.ts";
import type { Finding } from "./types.ts";

const { failure } = findingsOf("units");

/** @param properties - `Id`, `ActiveState`, `SubState` and `Result` as `systemctl show` prints them, a block per unit */
export function judgeUnits(properties: string): Finding[] {
  return properties.split(/\n\n+/).flatMap((block) => {
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(block)?.[1] ?? "";
    const id = value("Id");
    const remedy = `systemctl status ${id}; journalctl -u ${id}; then systemctl restart ${id}`;
    if (value("ActiveState") === "failed") {
      return [failure(id, `${id} has failed: ${value("Result")}`, remedy)];
    }
    return value("SubState") === "auto-restart"
      ? [failure(id, `${id} ends and is started again and again: ${value("Result")}`, remedy)]
      : [];
  });
}
