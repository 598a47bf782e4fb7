/** The heartbeat that would be sent now, without sending it or remembering anything: for people who ask. */
import { asError } from "../errors.ts";
import type { Clock } from "../system/clock.ts";
import type { Names } from "../system/files.ts";
import { CounterFile } from "./counter-file.ts";
import { parseDestinations } from "./destinations-parse.ts";
import { openEnvelope, sealEnvelope } from "./envelope.ts";
import { parseExact } from "./exact-json.ts";
import { fitDatagram } from "./fit.ts";
import { reasonForSilence, type SendSignal } from "./guard.ts";
import { buildMessage, encodeMessage } from "./message.ts";
import { KEY_WHEN_UNSET } from "./round.ts";
import { NOT_IN_TIME, SampleCollector, type StatsSource } from "./samples.ts";
import type { HeartbeatConfig } from "./types.ts";

export interface PreviewOptions {
  readonly config: HeartbeatConfig;
  readonly stats: StatsSource;
  readonly names: Names;
  readonly signal: SendSignal;
  readonly clock: Clock;
  /** Milliseconds to wait for HAProxy. */
  readonly waitMs: number;
  /** Number that the message gets. */
  readonly sequence: number;
}

export interface Preview {
  /** As a health manager decodes it. */
  readonly message: unknown;
  /** Of the datagram. */
  readonly sizeBytes: number;
  readonly remarks: readonly Remark[];
  /** `<host>:<port>`, in the order of their turns. */
  readonly destinations: readonly string[];
}

export interface Remark {
  readonly text: string;
  /** No such heartbeat is sent. */
  readonly isFatal: boolean;
}

/**
 * Increments are those since the counters that the agent has stored with its last heartbeat.
 * @throws AgentError `unavailable` when the statistics must not be reported
 */
export async function previewHeartbeat(options: PreviewOptions): Promise<Preview> {
  const { config, stats, names, clock, waitMs, sequence } = options;
  const collector = new SampleCollector(stats, clock);
  const [results, counters, silence] = await Promise.all([
    collector.collect(names, waitMs, waitMs).finally(() => collector.close()),
    new CounterFile().load(`${config.basePath}/stats_counters.json`),
    reasonForSilence(names, config.basePath, options.signal),
  ]);
  const samples = [...results.values()].flatMap((result) => (result.kind === "read" && result.sample) || []);
  const { message } = buildMessage(config.amphoraId, sequence, samples, counters);
  const key = config.heartbeatKey ?? KEY_WHEN_UNSET;
  const { datagram, membersLeftOut, poolsLeftOut } = await fitDatagram(message, (part) =>
    sealEnvelope(encodeMessage(part), key),
  );
  const missing = [...results].flatMap(([id, result]) => {
    if (result.kind === "read") return [];
    const reason = result.kind === "late" ? NOT_IN_TIME : asError(result.error).message;
    return `statistics of ${id} are missing: ${reason}`;
  });
  const { destinations, malformed } = parseDestinations(config.controllerIpPortList);
  return {
    message: parseExact(openEnvelope(datagram, key)),
    sizeBytes: datagram.length,
    remarks: [
      ...(silence === undefined ? [] : [fatal(silence)]),
      ...(destinations.length > 0 ? [] : [fatal("there is no usable destination")]),
      ...malformed.map((entry) => remark(`controller_ip_port_list: ${entry} is not <host>:<port>`)),
      ...missing.map(remark),
      ...(membersLeftOut + poolsLeftOut === 0
        ? []
        : [remark(`too large: ${membersLeftOut} members and ${poolsLeftOut} pools are left out`)]),
    ],
    destinations: destinations.map(({ host, port }) => `${host}:${port}`),
  };
}

function fatal(reason: string): Remark {
  return { text: `it would not be sent: ${reason}`, isFatal: true };
}

function remark(text: string): Remark {
  return { text, isFatal: false };
}
