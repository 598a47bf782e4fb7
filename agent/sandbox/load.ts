/** The client host from the sandbox's side: sets its rate, asks for single requests, adds up what it reports. */
import type { LoadReport, ProbeAnswer } from "./actor-messages.ts";
import { type ClientActor, type OnLost, startClient } from "./actors.ts";
import { CLIENT, LISTENER_PORT, VIP_HOSTS } from "./scene.ts";
import { until } from "./wait.ts";

/** Longer than HAProxy takes to give up one member and try the next. */
const REQUEST_TIMEOUT_MS = 8_000;
const SETTLE_TIMEOUT_MS = REQUEST_TIMEOUT_MS + 4_000;
/** Reports per second times the seconds that the shown rate is an average of. */
const RATE_WINDOW = 10;

export interface Load {
  /** The last report. */
  readonly latest: LoadReport;
  /** Answers per second, over the last two seconds. */
  readonly answersPerSecond: number;
  /** Longest time without a good answer while there was load, since the last `forgetMaxima`. */
  readonly longestGapMs: number;
  forgetMaxima(): void;
  /** Requests per second from now on. */
  setRate(rate: number): void;
  /** Stops the load and waits for the answers that are under way. @returns exact counters */
  settle(signal: AbortSignal): Promise<LoadReport>;
  /** One request beside the load. */
  probe(host: string, signal: AbortSignal): Promise<ProbeAnswer>;
  kill(): Promise<void>;
}

const NOTHING: LoadReport = {
  ...{ rate: 0, order: -1, sent: 0, succeeded: 0, failed: 0, inFlight: 0, byBackend: {}, reasons: {} },
  ...{ longestGapMs: 0, slowestMs: 0 },
};

export function startLoad(lost: OnLost): Load {
  const settings = { hosts: VIP_HOSTS, port: LISTENER_PORT, timeoutMs: REQUEST_TIMEOUT_MS };
  const answers = new Map<number, ProbeAnswer>();
  let history: { readonly at: number; readonly answered: number }[] = [];
  let latest = NOTHING;
  let longestGapMs = 0;
  let probes = 0;
  let order = -1;

  const receive = (report: LoadReport): void => {
    latest = report;
    longestGapMs = Math.max(longestGapMs, report.longestGapMs);
    history = [...history, { at: performance.now(), answered: report.succeeded }].slice(-RATE_WINDOW);
  };
  const client: ClientActor = startClient(
    CLIENT.name,
    settings,
    (message) => {
      if ("report" in message) receive(message.report);
      else answers.set(message.answer.probe, message.answer);
    },
    lost,
  );

  const setRate = (rate: number): void => {
    order += 1;
    client.send({ rate, order });
  };

  return {
    get latest() {
      return latest;
    },
    get answersPerSecond() {
      const [first, last] = [history.at(0), history.at(-1)];
      if (!first || !last || last.at === first.at) return 0;
      return ((last.answered - first.answered) * 1000) / (last.at - first.at);
    },
    get longestGapMs() {
      return longestGapMs;
    },
    forgetMaxima() {
      longestGapMs = 0;
    },
    setRate,
    async settle(signal) {
      setRate(0);
      // An older report may be of an earlier standstill.
      const settled = () => latest.order === order && latest.inFlight === 0 && latest;
      return until("the client's requests are all answered", settled, {
        ...{ timeoutMs: SETTLE_TIMEOUT_MS, signal },
        seen: () => `${latest.inFlight} under way`,
      });
    },
    async probe(host, signal) {
      probes += 1;
      const id = probes;
      client.send({ probe: id, host });
      const options = { timeoutMs: SETTLE_TIMEOUT_MS, signal };
      return until("the client tells how its request went", () => answers.get(id), options);
    },
    kill: client.kill,
  };
}
