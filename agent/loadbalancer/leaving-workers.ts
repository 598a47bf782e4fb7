/**
 * Workers that a reload has replaced, as far as statistics go: what their clients still send counts until they end.
 * Loaded with the first reload.
 */
import { RuntimeSession } from "../system/runtime-session.ts";
import { LISTENERS_COMMAND, parseListeners } from "./stats-parse.ts";
import type { LeavingSample, ListenerSample, LoadBalancerSample } from "./types.ts";

const ANSWER_TIMEOUT_MS = 500;
const LONGEST_HOLD_MS = 600_000;
const TELLINGS = 10;

/**
 * A session that keeps a worker from ending until its last figures have been read: HAProxy's own clients count as
 * clients too (HAProxy 2.6, measured).
 */
export class LeavingWorker {
  readonly #session: RuntimeSession;
  /** Tells one worker's counters from another's. */
  readonly #name: string;
  #last: readonly ListenerSample[] = [];
  #isAsked = false;
  #isOver = false;
  #tellings = 0;
  /** Nobody may ask for figures any more: that must not keep a worker for good. */
  readonly #limit = setTimeout(() => this.close(), LONGEST_HOLD_MS).unref();

  private constructor(socket: string, name: string) {
    this.#session = new RuntimeSession(socket);
    this.#name = name;
  }

  /**
   * To be called before the reload, while the worker still answers new sessions.
   * @throws as {@link RuntimeSession.ask}
   */
  static async hold(socket: string): Promise<LeavingWorker> {
    count += 1;
    const worker = new LeavingWorker(socket, `${Date.now().toString(36)}-${count}`);
    try {
      await worker.#read();
      return worker;
    } catch (error) {
      worker.close();
      throw error;
    }
  }

  /** Whether its last figures have been told often enough, also to a heartbeat that could not be built. */
  get isForgotten(): boolean {
    return this.#tellings >= TELLINGS;
  }

  /** Figures of now, or the last ones where it is slow or has ended. */
  async sample(): Promise<readonly LeavingSample[]> {
    if (this.#isOver) this.#tellings += 1;
    else if (!this.#isAsked) await this.#refresh();
    return this.#last.map((listener) => ({ ...listener, worker: this.#name }));
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#limit);
    this.#session.close();
  }

  async #refresh(): Promise<void> {
    this.#limit.refresh();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.resolve(), ANSWER_TIMEOUT_MS);
    const reading = this.#read().then(
      () => {
        if (this.#last.every(({ currentConnections }) => Number(currentConnections) === 0)) this.close();
      },
      () => {
        this.#last = this.#last.map((listener) => ({ ...listener, currentConnections: 0 }));
        this.close();
      },
    );
    await Promise.race([reading, late.promise]);
    clearTimeout(timer);
  }

  async #read(): Promise<void> {
    this.#isAsked = true;
    try {
      // Nobody asks an old worker about members.
      const [answer] = await this.#session.ask([LISTENERS_COMMAND]);
      this.#last = parseListeners(answer).listeners;
    } finally {
      this.#isAsked = false;
    }
  }
}

let count = 0;

/** The same sample, with what workers that are leaving have to tell. */
export async function withLeaving(
  sample: LoadBalancerSample,
  workers: readonly LeavingWorker[],
): Promise<LoadBalancerSample> {
  const leaving = (await Promise.all(workers.map((worker) => worker.sample()))).flat();
  return { ...sample, leaving };
}
