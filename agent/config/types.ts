/** The agent's settings, typed; option names, defaults and sections are in options.ts. */

export type Topology = "SINGLE" | "ACTIVE_STANDBY";
export type TlsProtocol = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
export type SupervisorKind = "systemd" | "direct";

export interface Config {
  /** The file that `PUT /config` replaces: the one that the agent was started with. */
  readonly file: string;
  readonly debug: boolean;
  readonly useSyslog: boolean;
  readonly syslogLogFacility: string;
  readonly basePath: string;
  readonly baseCertDir: string;
  readonly bindHost: string;
  readonly bindPort: number;
  readonly haproxyCmd: string;
  /** As written, not yet parsed into addresses. */
  readonly controllerIpPortList: readonly string[];
  readonly heartbeatIntervalSeconds: number;
  /** Secret. Undefined when the file has none; upstream then signs with the letters `None`. */
  readonly heartbeatKey: string | undefined;
  readonly agentServerCa: string;
  readonly agentServerCert: string;
  readonly agentServerNetworkDir: string;
  readonly agentRequestReadTimeoutSeconds: number;
  readonly agentTlsProtocol: TlsProtocol;
  readonly amphoraId: string;
  /** Number N of syslog facility `localN`. */
  readonly administrativeLogFacility: number;
  readonly userLogFacility: number;
  readonly topology: Topology;
  /** Who keeps HAProxy and keepalived running; undefined: decided by whether systemd is PID 1. */
  readonly supervisor: SupervisorKind | undefined;
  /** Over how long a HAProxy worker that was replaced closes connections that clients keep open; 0 for never. */
  readonly haproxyCloseSpreadSeconds: number;
  /** Limits of workers that were replaced; 0 for none. */
  readonly haproxyOldWorkerSeconds: number;
  readonly haproxyOldWorkers: number;
  /** Below this share of available memory, in percent, the oldest of them are ended; 0 for never. */
  readonly haproxyMemoryReservePercent: number;
}
