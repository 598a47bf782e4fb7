/** Samples of one HAProxy, over a session that is kept (docs/contract/heartbeat.md, section 4). */
import { RuntimeSession } from "../system/runtime-session.ts";
import { ServerStates, STATES_COMMAND } from "./server-states.ts";
import { LISTENERS_COMMAND, POOLS_COMMAND, parseListeners, parsePools, poolNamesOf } from "./stats-parse.ts";
import type { ListenerSample, LoadBalancerSample, PoolSample } from "./types.ts";

/** The longest answer first: HAProxy sends what it has when an answer is complete, and each piece costs a turn. */
const COMMANDS = [STATES_COMMAND, LISTENERS_COMMAND];
/** The states again, since a server may have changed between them and the statistics. */
const FURTHER_COMMANDS = [POOLS_COMMAND, STATES_COMMAND];

/** Pools, and all that they follow from. */
interface KnownPools {
  readonly pools: readonly PoolSample[];
  /** Undefined when the pools do not follow from what is known. */
  readonly states: ServerStates | undefined;
  readonly without: ReadonlySet<string> | undefined;
}

type Listeners = ReturnType<typeof parseListeners>;

/** As long as no server changes, pools are those of the last sample, and their statistics are not asked for. */
export class SampleReader {
  readonly #id: string;
  readonly #session: RuntimeSession;
  #listeners: readonly ListenerSample[] = [];
  #known: KnownPools | undefined;

  /**
   * @param id - of the load balancer
   * @param socket - path of the socket for HAProxy's runtime API
   */
  constructor(id: string, socket: string) {
    this.#id = id;
    this.#session = new RuntimeSession(socket);
  }

  /** Whether the next sample comes from whoever the last one came from. */
  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  /**
   * One at a time.
   * @param without - servers that are left out, as `<backend>/<server>`
   * @throws as {@link RuntimeSession.ask}, {@link parseListeners} and {@link parsePools}
   */
  read(without?: ReadonlySet<string>): Promise<LoadBalancerSample> {
    // Another worker may say the same of servers that are checked in another way.
    if (!this.isOpen) this.#known = undefined;
    return this.#session.ask(COMMANDS).then((answers) => this.#sample(answers, without));
  }

  /** @param reason - what a reading that is under way fails with */
  close(reason?: Error): void {
    this.#session.close(reason);
  }

  #sample(
    [servers, frontends]: readonly Buffer[],
    without: ReadonlySet<string> | undefined,
  ): LoadBalancerSample | Promise<LoadBalancerSample> {
    const listeners = parseListeners(frontends, this.#listeners);
    this.#listeners = listeners.listeners;
    const isPoolName = poolNamesOf(this.#id, this.#listeners);
    const known = this.#known;
    if (known?.states?.areIn(servers) && known.without === without) {
      if (known.pools.every(({ key }) => isPoolName(key))) return joined(listeners, known);
    }
    return this.#readPools(listeners, servers, { isPoolName, without });
  }

  async #readPools(
    listeners: Listeners,
    servers: Buffer | undefined,
    options: { isPoolName: (name: string) => boolean; without: ReadonlySet<string> | undefined },
  ): Promise<LoadBalancerSample> {
    // Before the next answer comes into the same memory.
    const before = ServerStates.parse(servers);
    const [backends, after] = await this.#session.ask(FURTHER_COMMANDS);
    const read = parsePools(backends, { ...options, last: this.#known?.pools });
    const states = read.defect === undefined && before?.areIn(after) ? before : undefined;
    this.#known = { pools: read.pools, states, without: options.without };
    return joined(listeners, read);
  }
}

function joined(
  { listeners, defect }: Listeners,
  {
    pools,
    defect: poolDefect,
  }: { readonly pools: readonly PoolSample[]; readonly defect?: string | undefined },
): LoadBalancerSample {
  const first = defect ?? poolDefect;
  return { listeners, pools, ...(first !== undefined && { defect: first }) };
}
