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
/** What is before the time; the time; the check's status, result, health and state; 0 for no agent check; the rest. */
const ROW = /((?:[^ \n]+ ){9})(-?\d+)( \d+ \d+)( \d+ )(\d+)( 0 [^\n]*\n)/y;
/** Bit of `srv_check_state`, and of its last digit in ASCII: a check is under way. */
const CHECK_IN_PROGRESS = 0x01;
const SPACE = 0x20;

interface Row {
  /** Offset of the time. */
  readonly time: number;
  /** Offset of the last digit of the check's state. */
  readonly state: number;
}

/** What HAProxy said of all servers, to be compared with what it says later. */
export class ServerStates {
  /** But for what may differ, which becomes what it was compared with. */
  #bytes: Buffer;
  #rows: readonly Row[];

  /**
   * @param answer - complete answer to {@link STATES_COMMAND}, with the empty line that ends it
   * @returns undefined when nothing follows from it
   */
  static parse(answer: Buffer | undefined): ServerStates | undefined {
    const text = answer?.toString("latin1") ?? "";
    if (!answer || !text.startsWith(BEGIN)) return undefined;
    const rows: Row[] = [];
    const end = walk(text, (match, start) => {
      const [, before = "", time = "", check = "", health = "", state = ""] = match;
      const timeAt = start + before.length;
      const stateEnd = timeAt + time.length + check.length + health.length + state.length;
      rows.push({ time: timeAt, state: stateEnd - 1 });
    });
    return text.slice(end) === "\n" ? new ServerStates(Buffer.from(answer), rows) : undefined;
  }

  private constructor(bytes: Buffer, rows: readonly Row[]) {
    this.#bytes = bytes;
    this.#rows = rows;
  }

  /**
   * @param answer - complete answer to {@link STATES_COMMAND}, with the empty line that ends it
   * @returns whether it is about the same servers, with the same status and weight
   */
  areIn(answer: Buffer | undefined): boolean {
    if (!answer) return false;
    // For less than what a look at each row costs.
    if (answer.length === this.#bytes.length) {
      this.#takeTimes(answer);
      if (this.#bytes.equals(answer)) return true;
      this.#takeChecks(answer);
      if (this.#bytes.equals(answer)) return true;
    }
    // A number may have got another digit.
    const other = ServerStates.parse(answer);
    if (!other || gistOf(other.#bytes) !== gistOf(this.#bytes)) return false;
    this.#bytes = other.#bytes;
    this.#rows = other.#rows;
    return true;
  }

  #takeTimes(answer: Buffer): void {
    const bytes = this.#bytes;
    for (const { time } of this.#rows) takeField(bytes, answer, time);
  }

  #takeChecks(answer: Buffer): void {
    const bytes = this.#bytes;
    for (const { time, state } of this.#rows) {
      const status = takeField(bytes, answer, time) + 1;
      const result = takeField(bytes, answer, status) + 1;
      takeField(bytes, answer, result);
      const isInProgress = (answer[state] ?? 0) & CHECK_IN_PROGRESS;
      bytes[state] = ((bytes[state] ?? 0) & ~CHECK_IN_PROGRESS) | isInProgress;
    }
  }
}

/** Puts a field of the other answer in the place of ours, as far as both go. @returns where the shorter one ends */
function takeField(bytes: Buffer, other: Buffer, start: number): number {
  let at = start;
  for (; at < bytes.length; at += 1) {
    const byte = other[at] ?? SPACE;
    if (byte === SPACE || bytes[at] === SPACE) break;
    bytes[at] = byte;
  }
  return at;
}

/** All that a status or weight follows from. */
function gistOf(bytes: Buffer): string {
  const text = bytes.toString("latin1");
  const gists: string[] = [];
  walk(text, ([, before, , , health, state, rest]) => {
    gists.push(`${before}${health}${Number(state) & ~CHECK_IN_PROGRESS}${rest}`);
  });
  return gists.join("");
}

/** @returns where the rows end */
function walk(text: string, visit: (match: RegExpExecArray, start: number) => void): number {
  let end = text.indexOf("\n", BEGIN.length) + 1;
  for (;;) {
    ROW.lastIndex = end;
    const match = ROW.exec(text);
    if (!match) return end;
    visit(match, end);
    end += match[0].length;
  }
}
