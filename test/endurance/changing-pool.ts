/** A load balancer whose members come, go and change, as a controller writes it down. */
import type { Random } from "./random.ts";

interface Member {
  readonly name: string;
  readonly address: string;
  weight: number;
  isDisabled: boolean;
}

export interface PoolOptions {
  readonly loadBalancer: string;
  readonly vip: string;
  /** Of all members. */
  readonly port: number;
  /** The first one stays, and is never disabled. */
  readonly members: readonly string[];
  /** Where members come from. */
  readonly others: readonly string[];
  /** Of the listener with long-lived connections. */
  readonly stable: string;
}

const MOST_MEMBERS = 12;

/** Two listeners: `web` on port 80 with the pool that changes, `streams` on port 81 with one member that stays. */
export class ChangingPool {
  readonly #options: PoolOptions;
  readonly #random: Random;
  readonly #first: Member;
  readonly #members: Member[];

  constructor(options: PoolOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    const [first, ...others] = options.members.map((address) => this.#member(address));
    if (!first) throw new Error("a pool without members");
    this.#first = first;
    this.#members = others;
  }

  /** What users do to members: weights, draining, disabling and enabling, adding and removing. */
  change(): void {
    const random = this.#random;
    const [members, first] = [this.#members, this.#first];
    const one = members.length > 0 ? random.pick(members) : undefined;
    const add = () => members.push(this.#member(random.pick(this.#options.others)));
    if (!one) {
      add();
      return;
    }
    const member = random.chance(0.2) ? first : one;
    const kind = random.weighted([
      [3, "weight"],
      [1, "drain"],
      [2, "disable"],
      [3, "add"],
      [3, "remove"],
    ] as const);
    if (kind === "weight") member.weight = 1 + ((member.weight + random.below(255)) % 256);
    else if (kind === "drain") one.weight = one.weight === 0 ? 1 : 0;
    else if (kind === "disable") one.isDisabled = !one.isDisabled;
    else if (kind === "add" && members.length < MOST_MEMBERS) add();
    else members.splice(members.indexOf(one), 1);
  }

  /** @param clientTimeout - a setting that only a reload changes, in milliseconds */
  config(clientTimeout = 50_000): string {
    const { loadBalancer, vip, port, stable } = this.#options;
    const lines = [this.#first, ...this.#members].map(
      ({ name, address, weight, isDisabled }) =>
        `    server ${name} ${address}:${port} weight ${weight} check inter 5s fall 3 rise 2${isDisabled ? " disabled" : ""}`,
    );
    return `# Configuration for loadbalancer ${loadBalancer}
global
    daemon
    user nobody
    log /run/rsyslog/octavia/log local0
    stats socket /var/lib/octavia/${loadBalancer}.sock mode 0666 level user
    server-state-file /var/lib/octavia/${loadBalancer}/servers-state
    maxconn 2000

defaults
    no log
    retries 3
    option redispatch
    option http-keep-alive

${frontend("web", `${vip}:80`, clientTimeout)}
${frontend("streams", `${vip}:81`, clientTimeout)}
${backend("pool:web", lines)}
${backend("pool:streams", [`    server stable ${stable}:${port} weight 1`])}`;
  }

  #member(address: string): Member {
    return { name: this.#random.uuid(), address, weight: 1, isDisabled: false };
  }
}

function frontend(name: string, bind: string, clientTimeout: number): string {
  return `frontend ${name}
    maxconn 1000
    bind ${bind}
    mode http
    default_backend pool:${name}
    timeout client ${clientTimeout}
`;
}

function backend(name: string, servers: readonly string[]): string {
  return `backend ${name}
    mode http
    http-reuse safe
    balance roundrobin
    load-server-state-from-file global
    timeout check 5s
    option httpchk GET / HTTP/1.0
    http-check expect rstatus 200
    fullconn 1000
    option allbackups
    timeout connect 5000
    timeout server 50000
${servers.join("\n")}
`;
}
