/** The words of the heartbeat: what is sent, and what is remembered between two of them. */
import type { Config } from "../config/types.ts";

/** A 64-bit counter: a bigint when a double could not hold it exactly. */
export type Count = number | bigint;

/** The options that a heartbeat depends on; read again for each one. */
export type HeartbeatConfig = Pick<
  Config,
  "amphoraId" | "basePath" | "controllerIpPortList" | "heartbeatIntervalSeconds" | "heartbeatKey"
>;

/** Version 3 of the message, names as on the wire (docs/contract/heartbeat.md, section 3). */
export interface Message {
  readonly id: string;
  readonly seq: number;
  readonly listeners: Readonly<Record<string, ListenerReport>>;
  readonly pools: Readonly<Record<string, PoolReport>>;
  readonly ver: 3;
}

export interface ListenerReport {
  readonly status: string;
  /** All but `conns` are increments since the last message. */
  readonly stats: Readonly<Record<"tx" | "rx" | "conns" | "totconns" | "ereq", Count>>;
}

export interface PoolReport {
  readonly status: string;
  /** Member id to status. */
  readonly members: Readonly<Record<string, string>>;
}

/** Last absolute counters by listener id. A listener read from a file may lack some. */
export type CounterTable = ReadonlyMap<string, Readonly<Record<string, Count>>>;

/** Where a health manager listens. */
export interface Destination {
  /** Address or name, without brackets. */
  readonly host: string;
  readonly port: number;
}
