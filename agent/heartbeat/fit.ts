/** Makes a message fit one datagram, at the least cost for what the controller gets to know. */
import { AgentError } from "../errors.ts";
import type { Message, PoolReport } from "./types.ts";

/** Longest payload of a UDP datagram over IPv4: 65,535 less the IP and UDP headers (RFC 768, RFC 791). */
export const DATAGRAM_LIMIT = 65_507;

/** What a member needs in an envelope: 16 random bytes of id, which do not compress, and its status. */
const BYTES_PER_MEMBER = 22;

/** Tries by estimate before the search halves the range. */
const ESTIMATES = 3;

/** Makes the datagram of a message. */
type Seal = (message: Message) => Buffer | Promise<Buffer>;

export interface Fitted {
  readonly datagram: Buffer;
  /** Pools that are sent without their members. */
  readonly poolsWithoutMembers: number;
  /** Members that are not sent; the receiver takes checked ones for gone. */
  readonly membersLeftOut: number;
  /** Pools that are not sent at all. */
  readonly poolsLeftOut: number;
}

/**
 * A message that does not fit loses, in this order and only as far as needed:
 * pool entries that the receiver overwrites with a later one of the same pool; members, pool by pool; all pools.
 * Listeners are always sent: a controller that misses one replaces the amphora
 * (docs/contract/heartbeat.md, section 8).
 *
 * @param start - `poolsWithoutMembers` of the last message: mostly right again, which saves compressing twice
 * @throws AgentError `unavailable` when the listeners alone do not fit
 */
export function fitDatagram(
  message: Message,
  seal: Seal,
  start = 0,
  limit = DATAGRAM_LIMIT,
): Fitted | Promise<Fitted> {
  const whole = start === 0 ? seal(message) : undefined;
  if (whole instanceof Buffer && whole.length <= limit) return fitted(whole);
  return fitInPart(message, whole, { seal, start, limit });
}

async function fitInPart(
  message: Message,
  sealing: ReturnType<Seal> | undefined,
  { seal, start, limit }: { readonly seal: Seal; readonly start: number; readonly limit: number },
): Promise<Fitted> {
  const whole = await sealing;
  if (whole && whole.length <= limit) return fitted(whole);
  const brief: Message = { ...message, pools: withoutOverwritten(message.pools) };
  return (await leaveOutMembers(brief, seal, start, limit)) ?? (await leaveOutPools(brief, seal, limit));
}

function fitted(datagram: Buffer, left: Partial<Fitted> = {}): Fitted {
  return { poolsWithoutMembers: 0, membersLeftOut: 0, poolsLeftOut: 0, ...left, datagram };
}

/** Searches the smallest number of pools whose members have to go; undefined when all are too few. */
async function leaveOutMembers(
  message: Message,
  seal: Seal,
  start: number,
  limit: number,
): Promise<Fitted | undefined> {
  const order = dispensable(message.pools);
  const sizes = order.map(([, { members }]) => Object.keys(members).length);
  let tooFew = -1;
  let enough = order.length + 1;
  let found: Fitted | undefined;
  let count = Math.min(start, order.length);
  for (let tries = 1; enough - tooFew > 1; tries += 1) {
    const datagram = await seal(emptied(message, order, count));
    const spare = limit - datagram.length;
    if (spare < 0) {
      tooFew = count;
    } else {
      enough = count;
      const membersLeftOut = sizes.slice(0, count).reduce((sum, size) => sum + size, 0);
      found = fitted(datagram, { poolsWithoutMembers: count, membersLeftOut });
      if (count === 0 || spare < (sizes[count - 1] ?? 0) * BYTES_PER_MEMBER) break;
    }
    const guess = tries <= ESTIMATES ? count - poolsWorth(sizes, count, spare) : (tooFew + enough) >> 1;
    count = Math.min(Math.max(guess, tooFew + 1), enough - 1);
  }
  return found;
}

/** How many pools' members `spare` bytes are worth, from `count` on: downwards to add, upwards when negative. */
function poolsWorth(sizes: readonly number[], count: number, spare: number): number {
  let rest = Math.abs(spare);
  let pools = 0;
  while (rest > 0) {
    const size = spare > 0 ? sizes[count - 1 - pools] : sizes[count + pools];
    if (size === undefined) break;
    rest -= size * BYTES_PER_MEMBER;
    // Adding stops before the space is used up, leaving out stops behind.
    if (spare > 0 && rest < 0) break;
    pools += 1;
  }
  return spare > 0 ? pools : -pools;
}

/** The last resort: the controller then shows the pools as offline, but keeps the amphora. */
async function leaveOutPools(message: Message, seal: Seal, limit: number): Promise<Fitted> {
  const datagram = await seal({ ...message, pools: {} });
  if (datagram.length > limit)
    throw new AgentError("unavailable", "the listeners alone exceed what one datagram holds");
  const pools = Object.values(message.pools);
  const membersLeftOut = pools.reduce((sum, { members }) => sum + Object.keys(members).length, 0);
  return fitted(datagram, { poolsLeftOut: pools.length, membersLeftOut });
}

/** Keeps the last entry of each pool: the receiver cuts keys at their last colon (section 8). */
function withoutOverwritten(pools: Message["pools"]): Message["pools"] {
  const lastKey = new Map(Object.keys(pools).map((key) => [poolId(key), key]));
  return Object.fromEntries(Object.entries(pools).filter(([key]) => lastKey.get(poolId(key)) === key));
}

function poolId(key: string): string {
  const colon = key.lastIndexOf(":");
  return colon === -1 ? key : key.slice(0, colon);
}

/**
 * Pools in the order in which their members are given up. Those whose members are not checked come first,
 * as the receiver does not mind missing them (section 8); then larger ones, so that few pools are affected.
 */
function dispensable(pools: Message["pools"]): [string, PoolReport][] {
  const isUnchecked = ({ members }: PoolReport): boolean =>
    Object.values(members).every((status) => status === "no check");
  const ranked = Object.entries(pools)
    .map((entry) => ({ entry, size: Object.keys(entry[1].members).length, unchecked: isUnchecked(entry[1]) }))
    .filter(({ size }) => size > 0);
  ranked.sort((a, b) => Number(b.unchecked) - Number(a.unchecked) || b.size - a.size);
  return ranked.map(({ entry }) => entry);
}

function emptied(message: Message, order: readonly [string, PoolReport][], count: number): Message {
  const empty = order
    .slice(0, count)
    .map(([key, { status }]): [string, PoolReport] => [key, { status, members: {} }]);
  return { ...message, pools: { ...message.pools, ...Object.fromEntries(empty) } };
}
