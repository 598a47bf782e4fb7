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
  return lines.flatMap((line) => (isRow(line) ? settledRow(line, columns, isWanted) : line)).join("\n");
}

/** @returns nothing for a server that is not wanted */
function settledRow(
  line: string,
  columns: Columns,
  isWanted: (state: ServerState) => boolean,
): string | string[] {
  const fields = line.split(" ");
  if (!isWanted(stateOf(fields, columns))) return [];
  const admin = fields[columns.srv_admin_state] ?? "";
  const settled = String(settledAdminState(Number(admin)));
  const weight = fields[columns.srv_uweight] ?? "";
  if (settled === admin && fields[columns.srv_iweight] === weight) return line;
  fields[columns.srv_iweight] = weight;
  fields[columns.srv_admin_state] = settled;
  return fields.join(" ");
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
  return lines.filter(isRow).map((line) => stateOf(line.split(" "), columns));
}

function isRow(line: string): boolean {
  return line.includes(" ") && !line.startsWith("#");
}

const NAMES = [
  "be_name",
  "srv_name",
  "srv_addr",
  "srv_port",
  "srv_uweight",
  "srv_iweight",
  "srv_admin_state",
  "srv_check_state",
  "srv_check_addr",
  "srv_check_port",
] as const;

/** Where the fields of a row are: looked up once, as there are thousands of rows. */
type Columns = Readonly<Record<(typeof NAMES)[number], number>>;

function stateOf(fields: readonly string[], columns: Columns): ServerState {
  const field = (name: keyof Columns): string => {
    const value = fields[columns[name]];
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

/** From the header; -1, where no row has anything, for a column that is not there. */
function columnsOf(lines: readonly string[]): Columns {
  const header = lines.find((line) => line.startsWith("# "));
  const names = header?.slice(2).split(" ") ?? [];
  return Object.fromEntries(NAMES.map((name) => [name, names.indexOf(name)])) as Columns;
}
