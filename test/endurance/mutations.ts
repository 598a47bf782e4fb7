/** Changes of a load balancer as its owner makes them, on rendering documents. */
import type { Random } from "./random.ts";

export interface Member {
  member_id: string;
  address: string;
  protocol_port: number;
  weight: number;
  backup: boolean;
  admin_state_up: boolean;
  [key: string]: unknown;
}

export interface Pool {
  pool_id: string;
  lb_algorithm: string;
  members: Member[];
  healthmonitor: { delay: number; [key: string]: unknown } | null;
  session_persistence: unknown;
  [key: string]: unknown;
}

export interface Listener {
  connection_limit: number;
  timeout_client_data: number;
  insert_headers: Record<string, string>;
  protocol: string;
  [key: string]: unknown;
}

export interface LoadBalancerDocument {
  /** Some documents have pools within listeners alone, or none. */
  loadbalancer: { loadbalancer_id: string; listeners: Listener[]; pools?: Pool[] };
  [key: string]: unknown;
}

type Mutation = (document: LoadBalancerDocument, random: Random) => void;

const onPool =
  (change: (pool: Pool, random: Random) => void): Mutation =>
  ({ loadbalancer: { pools = [] } }, random) => {
    if (pools.length > 0) change(random.pick(pools), random);
  };

const onMember = (change: (member: Member, random: Random) => void): Mutation =>
  onPool(({ members }, random) => {
    if (members.length > 0) change(random.pick(members), random);
  });

const onListener =
  (change: (listener: Listener, random: Random) => void): Mutation =>
  ({ loadbalancer: { listeners } }, random) => {
    if (listeners.length > 0) change(random.pick(listeners), random);
  };

/** What users do most often comes up most often. */
const MUTATIONS: readonly (readonly [number, Mutation])[] = [
  [
    6,
    onMember((member, random) => {
      member.weight = random.below(257);
    }),
  ],
  [
    5,
    onMember((member) => {
      member.admin_state_up = !member.admin_state_up;
    }),
  ],
  [6, onPool(addMember)],
  [
    5,
    onPool(({ members }, random) => {
      if (members.length > 0) members.splice(random.below(members.length), 1);
    }),
  ],
  [
    2,
    onMember((member, random) => {
      member.address = anAddress(random);
    }),
  ],
  [
    2,
    onMember((member, random) => {
      member.protocol_port = 1 + random.below(65_535);
    }),
  ],
  [
    1,
    onMember((member) => {
      member.backup = !member.backup;
    }),
  ],
  [
    1,
    onPool(({ members }) => {
      members.reverse();
    }),
  ],
  [
    1,
    onPool((pool, random) => {
      pool.lb_algorithm = random.pick(["ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP"]);
    }),
  ],
  [
    1,
    onPool(({ healthmonitor }, random) => {
      if (healthmonitor) healthmonitor.delay = 2 + random.below(30);
    }),
  ],
  [
    1,
    onListener((listener, random) => {
      listener.connection_limit = 100 + random.below(500);
    }),
  ],
  [
    1,
    onListener((listener, random) => {
      listener.timeout_client_data = 1_000 * (1 + random.below(60));
    }),
  ],
  [
    1,
    onListener((listener) => {
      if (listener.protocol === "HTTP") listener.insert_headers = { "X-Forwarded-For": "true" };
    }),
  ],
  [1, () => undefined],
];

function addMember({ members }: Pool, random: Random): void {
  const like = members[0];
  const member: Member = {
    ...(like ?? {
      name: "",
      subnet_id: null,
      monitor_address: null,
      monitor_port: null,
      provisioning_status: "ACTIVE",
    }),
    member_id: random.uuid(),
    address: anAddress(random),
    protocol_port: 1 + random.below(65_535),
    weight: random.below(257),
    backup: false,
    admin_state_up: random.chance(0.9),
  };
  members.splice(random.below(members.length + 1), 0, member);
}

function anAddress(random: Random): string {
  const ipv4 = `10.0.${random.below(256)}.${1 + random.below(254)}`;
  return random.chance(0.7) ? ipv4 : `2001:db8:0:0::${(1 + random.below(65_000)).toString(16)}`;
}

/** @returns another document: the same load balancer some changes later */
export function mutated(document: LoadBalancerDocument, random: Random): LoadBalancerDocument {
  const copy = structuredClone(document);
  for (let left = 1 + random.below(3); left > 0; left -= 1) random.weighted(MUTATIONS)(copy, random);
  return copy;
}
