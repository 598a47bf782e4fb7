/** HAProxy's `show servers state` (HAProxy management guide, 9.3). */

/** Bits of `srv_admin_state`. */
const FORCED_MAINTENANCE = 0x01;
const CONFIGURED_MAINTENANCE = 0x04;
const FORCED_DRAIN = 0x08;
const SET_BY_COMMANDS = FORCED_MAINTENANCE | CONFIGURED_MAINTENANCE | FORCED_DRAIN;

/**
 * Makes the state that the agent saves for a reload one that a start with the running configuration could have led
 * to: what was changed over the runtime API counts as configured. HAProxy would take it for an operator's wish, which
 * outlives the configuration: a member that was disabled while HAProxy ran would not be enabled by a reload.
 * @param text - answer to `show servers state`; lines that need no change stay as they are
 * @param isWanted - whether the configuration to come has this server; of another one HAProxy would keep the port
 */
export function settledServersState(text: string, isWanted: (state: ServerState) => boolean): string {
  const lines = text.split("\n");
  const columns = columnsOf(lines);
  const position = (name: string) => columns.get(name) ?? -1;
  return lines
    .filter((line) => !isRow(line) || isWanted(parseRow(line, columns)))
    .map((line) => {
      if (!isRow(line)) return line;
      const fields = line.split(" ");
      fields[position("srv_iweight")] = fields[position("srv_uweight")] ?? "";
      fields[position("srv_admin_state")] = String(
        settledAdminState(Number(fields[position("srv_admin_state")])),
      );
      return fields.join(" ");
    })
    .join("\n");
}

function settledAdminState(state: number): number {
  const others = state & ~SET_BY_COMMANDS;
  return state & FORCED_MAINTENANCE ? others | FORCED_MAINTENANCE | CONFIGURED_MAINTENANCE : others;
}

/** A server as HAProxy has it. */
export interface ServerState {
  readonly backend: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly isDisabled: boolean;
  readonly isDraining: boolean;
  /** Whether its health checks are on. */
  readonly isChecked: boolean;
  /** Where health checks go, as far as not to the server's own address and port; port 0 for its own. */
  readonly checkAddress: string | undefined;
  readonly checkPort: number;
}

/** Bit of `srv_check_state`. */
const CHECK_ENABLED = 0x04;

/** @throws Error when a column is missing */
export function parseServersState(text: string): ServerState[] {
  const lines = text.split("\n");
  const columns = columnsOf(lines);
  return lines.filter(isRow).map((line) => parseRow(line, columns));
}

function isRow(line: string): boolean {
  return line.includes(" ") && !line.startsWith("#");
}

function parseRow(line: string, columns: ReadonlyMap<string, number>): ServerState {
  const fields = line.split(" ");
  const field = (name: string): string => {
    const value = fields[columns.get(name) ?? -1];
    if (value === undefined) throw new Error(`HAProxy's servers state has no ${name}`);
    return value;
  };
  const admin = Number(field("srv_admin_state"));
  const checkAddress = field("srv_check_addr");
  return {
    backend: field("be_name"),
    name: field("srv_name"),
    address: field("srv_addr"),
    port: Number(field("srv_port")),
    weight: Number(field("srv_uweight")),
    isDisabled: (admin & FORCED_MAINTENANCE) !== 0,
    isDraining: (admin & FORCED_DRAIN) !== 0,
    isChecked: (Number(field("srv_check_state")) & CHECK_ENABLED) !== 0,
    checkAddress: checkAddress === "-" ? undefined : checkAddress,
    checkPort: Number(field("srv_check_port")),
  };
}

/** Position of each column, from the header. */
function columnsOf(lines: readonly string[]): ReadonlyMap<string, number> {
  const header = lines.find((line) => line.startsWith("# "));
  return new Map((header?.slice(2).split(" ") ?? []).map((name, index) => [name, index]));
}
