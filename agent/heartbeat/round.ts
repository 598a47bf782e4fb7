/** One round: look whether a heartbeat may be sent, build it, send it (docs/contract/heartbeat.md, section 2). */
import { AgentError, asError, systemErrorCode } from "../errors.ts";
import type { LoadBalancerSample } from "../loadbalancer/types.ts";
import { type Clock, settledWithin } from "../system/clock.ts";
import type { Names } from "../system/files.ts";
import type { Logger } from "../system/logger.ts";
import type { UdpSender } from "../system/udp.ts";
import { Addresses, type Lookup } from "./addresses.ts";
import { CounterFile } from "./counter-file.ts";
import { Rotation } from "./destinations-parse.ts";
import { sealEnvelope } from "./envelope.ts";
import { type Fitted, fitDatagram } from "./fit.ts";
import { reasonForSilence, type SendSignal } from "./guard.ts";
import { type Built, buildMessage, encodeMessage } from "./message.ts";
import { NOT_IN_TIME, type ReadResult, SampleCollector, type StatsSource } from "./samples.ts";
import { Transitions } from "./transitions.ts";
import type { CounterTable, Destination, HeartbeatConfig, Message } from "./types.ts";

export interface RoundOptions {
  readonly config: () => HeartbeatConfig;
  readonly stats: StatsSource;
  /** Names inside the state directory. */
  readonly names: () => Names | Promise<Names>;
  readonly sender: UdpSender;
  readonly lookup: Lookup;
  readonly signal: SendSignal;
  readonly clock: Clock;
  readonly log: Logger;
  /** Number of the first message; 0 for a process that has just started. */
  readonly firstSequence?: number;
}

export interface RoundCounts {
  /** Number of the next message. */
  readonly sequence: number;
  readonly sent: number;
  readonly failed: number;
  /** Milliseconds since the epoch, by `<host>:<port>`. */
  readonly lastSentAt: Readonly<Record<string, number>>;
  /** By the clock: when a heartbeat was last sent, or withheld for a reason that is not the agent's. */
  readonly lastDoneAt: number | undefined;
  /** Load balancers that have not answered for the last three. */
  readonly silent: readonly string[];
}

/** What an unset key has always been signed with (docs/contract/heartbeat.md, section 1). */
export const KEY_WHEN_UNSET = "None";

const NO_COUNTERS: CounterTable = new Map();

/** The part of an interval that a round may wait for others; a heartbeat is then still on time. */
const WAIT_SHARE = 0.05;
const SHORTEST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;
/** One answer may be late. */
const SILENT = 3;

export class Round {
  readonly #options: RoundOptions;
  readonly #collector: SampleCollector;
  readonly #addresses: Addresses;
  readonly #rotation = new Rotation();
  readonly #counterFile = new CounterFile();
  readonly #transitions = new Transitions();
  readonly #sending = new Set<Promise<void>>();
  readonly #lastSentAt = new Map<string, number>();
  #counters: CounterTable | undefined;
  #sequence: number;
  #last: Built | undefined;
  #poolsWithoutMembers = 0;
  #sent = 0;
  #failed = 0;
  #lastDoneAt: number | undefined;
  /** Heartbeats in a row that a load balancer has not answered for. */
  readonly #unanswered = new Map<string, number>();

  constructor(options: RoundOptions) {
    this.#options = options;
    this.#sequence = options.firstSequence ?? 0;
    this.#collector = new SampleCollector(options.stats, options.clock);
    this.#addresses = new Addresses(options.lookup, (host, error) => {
      this.#fails(`lookup ${host}`, "heartbeat.lookup.failed", "cannot resolve a destination", error, {
        host,
      });
    });
  }

  get counts(): RoundCounts {
    return {
      sequence: this.#sequence,
      sent: this.#sent,
      failed: this.#failed,
      lastSentAt: Object.fromEntries(this.#lastSentAt),
      lastDoneAt: this.#lastDoneAt,
      silent: [...this.#unanswered].filter(([, times]) => times >= SILENT).map(([id]) => id),
    };
  }

  /** Never throws: what fails is logged, once until it changes. The datagram may still be on its way after it. */
  async run(): Promise<void> {
    const config = this.#options.config();
    try {
      const found = this.#options.names();
      const names = found instanceof Promise ? await found : found;
      const silence = reasonForSilence(names, config.basePath, this.#options.signal);
      if (!this.#mayBeSent(silence && (await silence))) {
        this.#lastDoneAt = this.#options.clock.now();
        return;
      }
      const message = await this.#build(config, names);
      const sending = this.#send(message, config);
      if (sending) await sending;
      this.#lastDoneAt = this.#options.clock.now();
    } catch (error) {
      this.#failed += 1;
      this.#fails("round", "heartbeat.build.failed", "no heartbeat this time", error);
      return;
    }
    this.#works("round", "heartbeat.build.recovered", "heartbeats can be built again");
  }

  /** Ends readings, waits for what is on its way, closes the sockets. */
  async close(): Promise<void> {
    await this.#collector.close();
    await this.#options.sender.close();
    await Promise.all(this.#sending);
  }

  /** @param reason - for silence */
  #mayBeSent(reason: string | undefined): boolean {
    if (reason === undefined) {
      this.#works("guard", "heartbeat.guard.passed", "keepalived runs, heartbeats go on");
      return true;
    }
    this.#fails("guard", "heartbeat.guard.stopped", "no heartbeats while keepalived is gone", reason);
    return false;
  }

  async #build(config: HeartbeatConfig, names: Names): Promise<Message> {
    const sequence = this.#sequence;
    this.#sequence += 1;
    const intervalMs = config.heartbeatIntervalSeconds * 1_000;
    const waitMs = Math.min(Math.max(intervalMs * WAIT_SHARE, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
    const { clock } = this.#options;
    const addresses = this.#findAddresses(config);
    const found = addresses && settledWithin(clock, waitMs, addresses);
    const results = await this.#collector.collect(names, waitMs, intervalMs);
    if (found) await found;
    const samples = this.#usableOf(results);
    const path = `${config.basePath}/stats_counters.json`;
    const isFirst = this.#counters === undefined && samples.some(({ listeners }) => listeners.length > 0);
    if (isFirst) this.#counters = await this.#loadCounters(path);
    const built = buildMessage(
      config.amphoraId,
      sequence,
      samples,
      this.#counters ?? NO_COUNTERS,
      this.#last,
    );
    this.#last = built;
    if (this.#counters) {
      this.#counters = built.counters;
      if (!this.#counterFile.holds(built.counters)) {
        await settledWithin(this.#options.clock, waitMs / 2, this.#saveCounters(path, built.counters));
      }
    }
    return built.message;
  }

  #usableOf(results: ReadonlyMap<string, ReadResult>): LoadBalancerSample[] {
    for (const id of this.#unanswered.keys()) if (!results.has(id)) this.#unanswered.delete(id);
    const samples: LoadBalancerSample[] = [];
    for (const [id, result] of results) {
      const sample = this.#usable(id, result);
      if (sample) samples.push(sample);
    }
    return samples;
  }

  #usable(loadBalancerId: string, result: ReadResult): LoadBalancerSample | undefined {
    const subject = `statistics ${loadBalancerId}`;
    if (result.kind === "read") {
      this.#unanswered.delete(loadBalancerId);
      this.#works(subject, "heartbeat.statistics.recovered", "statistics can be read again", {
        loadBalancerId,
      });
      return result.sample;
    }
    this.#unanswered.set(loadBalancerId, (this.#unanswered.get(loadBalancerId) ?? 0) + 1);
    const reason = result.kind === "late" ? NOT_IN_TIME : result.error;
    const text = "statistics of a load balancer are missing";
    this.#fails(subject, "heartbeat.statistics.failed", text, reason, { loadBalancerId });
    return undefined;
  }

  async #loadCounters(path: string): Promise<CounterTable> {
    try {
      return await this.#counterFile.load(path);
    } catch (error) {
      this.#fails("stored counters", "heartbeat.counters.failed", "cannot read the last counters", error, {
        path,
      });
      return new Map();
    }
  }

  async #saveCounters(path: string, counters: CounterTable): Promise<void> {
    try {
      await this.#counterFile.save(path, counters);
      this.#works("counters", "heartbeat.counters.recovered", "counters can be stored again", { path });
    } catch (error) {
      this.#fails("counters", "heartbeat.counters.failed", "cannot store the last counters", error, { path });
    }
  }

  /** @returns undefined when all addresses are known */
  #findAddresses(config: HeartbeatConfig): Promise<void> | undefined {
    const fresh = this.#rotation.use(config.controllerIpPortList);
    if (fresh) this.#addresses.forget();
    for (const entry of fresh?.malformed ?? []) {
      this.#options.log.error(
        { event: "heartbeat.destination.rejected", entry },
        "an entry of controller_ip_port_list is not <host>:<port>, the others are used",
      );
    }
    return this.#addresses.find(this.#rotation.destinations.map(({ host }) => host));
  }

  /** @returns undefined when there is nothing to wait for: compressing a short message needs no other thread */
  #send(message: Message, config: HeartbeatConfig): Promise<void> | undefined {
    const destination = this.#rotation.take(({ host }) => this.#addresses.of(host) !== undefined);
    const address = destination && this.#addresses.of(destination.host);
    if (destination === undefined || address === undefined) {
      this.#failed += 1;
      const reason = "controller_ip_port_list has no entry that can be used";
      this.#fails("destination", "heartbeat.destination.missing", "a heartbeat has nowhere to go", reason);
      return undefined;
    }
    this.#works("destination", "heartbeat.destination.found", "heartbeats have a destination again");
    const key = config.heartbeatKey ?? KEY_WHEN_UNSET;
    const seal = (part: Message) => sealEnvelope(encodeMessage(part), key);
    const dispatch = (fitted: Fitted): void => {
      this.#noteSize(fitted);
      this.#dispatch(fitted.datagram, destination, address);
    };
    const fitted = fitDatagram(message, seal, this.#poolsWithoutMembers);
    if (fitted instanceof Promise) return fitted.then(dispatch);
    dispatch(fitted);
    return undefined;
  }

  #noteSize({ datagram, ...left }: Fitted): void {
    this.#poolsWithoutMembers = left.poolsWithoutMembers;
    if (left.membersLeftOut === 0 && left.poolsLeftOut === 0) {
      this.#works("size", "heartbeat.size.recovered", "heartbeats fit a datagram again");
      return;
    }
    const text = "the heartbeat is too large, members are left out and may be shown as offline";
    this.#fails("size", "heartbeat.size.exceeded", text, "too large", { ...left, bytes: datagram.length });
  }

  /** Not waited for: a full socket buffer must not hold up the next round. */
  #dispatch(datagram: Buffer, { host, port }: Destination, address: string): void {
    const destination = `${host}:${port}`;
    const sending = this.#options.sender.send(datagram, address, port).then(
      () => {
        this.#sending.delete(sending);
        this.#sent += 1;
        this.#lastSentAt.set(destination, Date.now());
        this.#works(destination, "heartbeat.send.recovered", "heartbeats can be sent again", { destination });
      },
      (error: unknown) => {
        this.#sending.delete(sending);
        this.#failed += 1;
        this.#fails(destination, "heartbeat.send.failed", "cannot send a heartbeat", error, { destination });
      },
    );
    this.#sending.add(sending);
  }

  #fails(subject: string, event: string, text: string, reason: unknown, fields: object = {}): void {
    const words = typeof reason === "string" ? reason : asError(reason).message;
    // Messages of system errors may hold names of temporary files, which are new each time.
    const kind = reason instanceof AgentError ? words : (systemErrorCode(reason) ?? words);
    if (this.#transitions.failed(subject, kind)) {
      this.#options.log.error({ event, ...fields, reason: words }, text);
    }
  }

  #works(subject: string, event: string, text: string, fields: object = {}): void {
    if (this.#transitions.works(subject)) this.#options.log.info({ event, ...fields }, text);
  }
}
