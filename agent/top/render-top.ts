/** The screen of `amphora top`: from a model to lines; pure. */
import { sortMembers } from "./plan-model.ts";
import type { ListenerRow, MemberRow, Model, Size, SortKey, View } from "./types.ts";

export interface TopOptions {
  readonly title: string;
  /** Local time, as it is shown. */
  readonly time: string;
  readonly intervalSeconds: number;
  readonly colours: boolean;
}

const RESET = "\x1b[0m";
const BOLD = "\x1b[1m";
const DIM = "\x1b[2m";
const RED = "\x1b[31m";
const YELLOW = "\x1b[33m";
const REVERSE = "\x1b[7m";
const BARS = "▁▂▃▄▅▆▇█";
/** Ids are told apart by their beginning, as in logs of version control. */
const SHORT_ID = 8;
const MOST_LISTENERS = 5;
const HELP = "q quit  sort: r requests e errors u queue l latency c conns  i invert  p pause  j k";

interface Column {
  readonly title: string;
  readonly width: number;
  readonly sort?: SortKey;
  readonly align: "left" | "right";
  readonly text: (row: MemberRow) => string;
}

const COLUMNS: readonly Column[] = [
  { title: "MEMBER", width: SHORT_ID, align: "left", text: ({ id }) => id.slice(0, SHORT_ID) },
  { title: "ADDRESS", width: 21, align: "left", text: ({ address }) => address },
  { title: "STATE", width: 8, align: "left", text: ({ state }) => state },
  {
    title: "REQ/S",
    width: 7,
    sort: "requests",
    align: "right",
    text: ({ requestRate }) => rate(requestRate),
  },
  { title: "ERR/S", width: 6, sort: "errors", align: "right", text: ({ errorRate }) => rate(errorRate) },
  { title: "QUEUE", width: 6, sort: "queue", align: "right", text: ({ queue }) => count(queue) },
  {
    title: "CONNS",
    width: 6,
    sort: "connections",
    align: "right",
    text: ({ connections }) => count(connections),
  },
  { title: "MS", width: 5, sort: "latency", align: "right", text: ({ latencyMs }) => count(latencyMs) },
];

/** What the columns leave of a line is the sparkline's. */
const COLUMNS_WIDTH = COLUMNS.reduce((sum, { width }) => sum + width + 1, 0);
/** Lines around the members: title, table's head, and help. */
const FRAME_LINES = 4;

/** @returns how many members fit below everything else */
export function membersPerPage({ listeners }: Model, { rows }: Size): number {
  return Math.max(1, rows - FRAME_LINES - Math.min(listeners.length, MOST_LISTENERS));
}

/** @returns as many lines as the screen has rows at most, none longer than its columns */
export function renderTop(model: Model, view: View, size: Size, options: TopOptions): string[] {
  const { columns } = size;
  const paint = (code: string, text: string) => (options.colours ? `${code}${text}${RESET}` : text);
  const page = membersPerPage(model, size);
  const members = sortMembers(model.members, view);
  const shown = members.slice(view.offset, view.offset + page);
  const busiest = Math.max(1, ...shown.flatMap(({ history }) => history));
  const lines = [
    paint(BOLD, fit(titleOf(model, view, options), columns)),
    ...model.listeners.slice(0, MOST_LISTENERS).map((row) => fit(listenerLine(row), columns)),
    fit(sumOf(members.length, view.offset, shown.length, model), columns),
    paint(REVERSE, fit(headOf(view), columns).padEnd(Math.min(columns, 80))),
    ...shown.map((row) => {
      const line = fit(memberLine(row, busiest, columns), columns);
      return isBad(row) ? paint(row.state.startsWith("DOWN") ? RED : YELLOW, line) : line;
    }),
  ];
  const filled = [...lines, ...Array.from({ length: Math.max(0, size.rows - 1 - lines.length) }, () => "")];
  return [...filled.slice(0, size.rows - 1), paint(DIM, fit(HELP, columns))];
}

function titleOf({ sample }: Model, { paused }: View, { title, time, intervalSeconds }: TopOptions): string {
  const waiting = sample === undefined ? "  waiting for HAProxy" : "";
  const silent = sample?.silent.length ? `  NO ANSWER: ${sample.silent.join("; ")}` : "";
  return `${title}  ${time}  every ${intervalSeconds} s${paused ? "  PAUSED" : ""}${waiting}${silent}`;
}

function listenerLine(row: ListenerRow): string {
  const { id, state, connections, requestRate, errorRate, history } = row;
  const figures = `${count(connections)} conns  ${rate(requestRate)} req/s  ${rate(errorRate)} err/s`;
  return `listener ${id.slice(0, SHORT_ID)}  ${state.padEnd(5)} ${figures}  ${sparkline(history, Math.max(1, ...history))}`;
}

function sumOf(all: number, offset: number, shown: number, { listeners }: Model): string {
  const more =
    listeners.length > MOST_LISTENERS ? `, ${listeners.length - MOST_LISTENERS} more listeners` : "";
  if (all === 0) return `no members${more}`;
  return `members ${offset + 1} to ${offset + shown} of ${all}${more}`;
}

function headOf({ sort, ascending }: View): string {
  const cells = COLUMNS.map(({ title, width, align, sort: own }) =>
    pad(own === sort ? `${ascending ? "^" : "v"}${title}` : title, width, align),
  );
  return [...cells, "TREND"].join(" ");
}

function memberLine(row: MemberRow, busiest: number, columns: number): string {
  const cells = COLUMNS.map(({ width, align, text }) => pad(text(row), width, align));
  const newest = row.history.slice(-Math.max(1, columns - COLUMNS_WIDTH));
  return [...cells, sparkline(newest, busiest)].join(" ");
}

function isBad({ state, errorRate, queue }: MemberRow): boolean {
  return !(state.startsWith("UP") || state === "no check") || errorRate > 0 || queue > 0;
}

/** Bars up to a common height, so that rows compare with each other. */
export function sparkline(values: readonly number[], highest: number): string {
  return values
    .map((value) => {
      if (value <= 0) return " ";
      return BARS[Math.min(BARS.length - 1, Math.floor((value / highest) * BARS.length))];
    })
    .join("");
}

function pad(text: string, width: number, align: Column["align"]): string {
  const cut = text.length > width ? text.slice(0, width) : text;
  return align === "left" ? cut.padEnd(width) : cut.padStart(width);
}

function fit(text: string, columns: number): string {
  return text.slice(0, columns).trimEnd();
}

function rate(value: number): string {
  return value < 1_000 ? value.toFixed(1) : count(Math.round(value));
}

/** At most five characters. */
function count(value: number): string {
  if (value < 100_000) return String(Math.round(value));
  return value < 10_000_000 ? `${Math.floor(value / 1_000)}k` : `${Math.floor(value / 1_000_000)}M`;
}
