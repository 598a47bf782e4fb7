/**
 * Whether a server has changed since HAProxy was last asked. The status and weight of every member and pool follow
 * from its servers' states, which are half as long as their statistics, and stay the same under traffic.
 */
export const STATES_COMMAND = "show servers state";

/**
 * How an answer in the format that is understood begins. An agent check may say what no column tells, so a server
 * with one is not understood; no controller asks for one.
 * @see HAProxy management guide, "show servers state"
 */
const BEGIN =
  "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight " +
  "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state ";
/** What is before the time, and behind it: the check's status, result, health and state, 0 for no agent check, others. */
const ROW = /((?:[^ \n]+ ){9})-?\d+( \d+ \d+ \d+ \d+ 0 [^\n]*\n)/y;
/** Bit of `srv_check_state`. */
const CHECK_IN_PROGRESS = 0x01;

/** What HAProxy said of all servers, to be compared with what it says later. */
export class ServerStates {
  /** The text around the times. */
  readonly #parts: readonly string[];

  /**
   * @param answer - complete answer to {@link STATES_COMMAND}, with the empty line that ends it
   * @returns undefined when nothing follows from it
   */
  static parse(answer: Buffer | undefined): ServerStates | undefined {
    const text = answer?.toString("latin1") ?? "";
    if (!text.startsWith(BEGIN)) return undefined;
    let end = text.indexOf("\n", BEGIN.length) + 1;
    let part = text.slice(0, end);
    const parts: string[] = [];
    for (;;) {
      ROW.lastIndex = end;
      const [row, before, behind] = ROW.exec(text) ?? [];
      if (row === undefined || before === undefined || behind === undefined) break;
      parts.push(part + before);
      part = behind;
      end += row.length;
    }
    return text.slice(end) === "\n" ? new ServerStates([...parts, `${part}\n`]) : undefined;
  }

  private constructor(parts: readonly string[]) {
    this.#parts = parts;
  }

  /**
   * @param answer - complete answer to {@link STATES_COMMAND}, with the empty line that ends it
   * @returns whether it is about the same servers, with the same status and weight
   */
  areIn(answer: Buffer | undefined): boolean {
    const text = answer?.toString("latin1") ?? "";
    let end = 0;
    for (const part of this.#parts) {
      const start = end === 0 ? 0 : text.indexOf(" ", end);
      if (start === -1) return false;
      end = text.startsWith(part, start) ? start + part.length : endOfLike(part, text, start);
      if (end === -1) return false;
    }
    return end === text.length;
  }
}

/** @returns where the part of the text ends that differs from this one in the course of a check alone; else -1 */
function endOfLike(part: string, text: string, start: number): number {
  const rowEnd = text.indexOf("\n", start) + 1;
  const cut = part.indexOf("\n") + 1;
  if (healthIn(text.slice(start, rowEnd)) !== healthIn(part.slice(0, cut))) return -1;
  const next = part.slice(cut);
  return text.startsWith(next, rowEnd) ? rowEnd + next.length : -1;
}

/** @param text - of a row, behind the time */
function healthIn(text: string): string {
  const [, _status, _result, health, state, ...others] = text.split(" ");
  return [health, Number(state) & ~CHECK_IN_PROGRESS, ...others].join(" ");
}
