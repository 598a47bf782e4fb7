/** Who is who on the sandbox's stage: ids, addresses, ports. Addresses are from documentation ranges. */

export const AMPHORA_ID = "a3b0c1d2-0000-4000-8000-000000000001";
export const LOAD_BALANCER_ID = "a3b0c1d2-0000-4000-8000-0000000000b1";
export const LISTENER_ID = "a3b0c1d2-0000-4000-8000-0000000000c1";
export const POOL_ID = "a3b0c1d2-0000-4000-8000-0000000000d1";
export const PROJECT_ID = "a3b0c1d200004000800000000000f1f1";

export const HEARTBEAT_KEY = "sandbox";
export const HEARTBEAT_PORT = 5555;
export const HEARTBEAT_INTERVAL_SECONDS = 1;
export const API_PORT = 9443;

export const AGENT_CONFIG_FILE = "/etc/octavia/amphora-agent.conf";
export const SERVER_PEM_FILE = "/etc/octavia/certs/server.pem";
export const CLIENT_CA_FILE = "/etc/octavia/certs/client_ca.pem";
/** HAProxy's, as the load balancer's configuration names it. */
export const STATS_SOCKET = `/var/lib/octavia/${LOAD_BALANCER_ID}.sock`;

/** Where the client's requests enter: the amphora's VIP network, behind a router. */
export const VIP_NETWORK = {
  mac: "fa:16:3e:aa:00:01",
  mtu: 1450,
  v4: { cidr: "203.0.113.0/24", gateway: "203.0.113.1", vip: "203.0.113.5", vrrpIp: "203.0.113.6" },
  v6: {
    cidr: "2001:db8:1::/64",
    gateway: "2001:db8:1::1",
    vip: "2001:db8:1::5",
    /** As the agent writes it in answers. */
    vipExploded: "2001:0db8:0001:0000:0000:0000:0000:0005",
  },
} as const;

export const LISTENER_PORT = 80;

/** Both of the load balancer's addresses, as a URL has them. */
export const VIP_HOSTS = [VIP_NETWORK.v4.vip, `[${VIP_NETWORK.v6.vip}]`] as const;

/** Where members are: a network of its own, without a router. */
export const MEMBER_NETWORK = {
  mac: "fa:16:3e:bb:00:02",
  mtu: 1450,
  cidr: "10.0.0.0/24",
  amphora: "10.0.0.5",
} as const;

export interface Backend {
  /** Also the name of its network namespace. */
  readonly name: string;
  readonly memberId: string;
  readonly address: string;
  readonly port: number;
}

export const BACKENDS: readonly [Backend, Backend] = [
  {
    name: "backend1",
    memberId: "a3b0c1d2-0000-4000-8000-0000000000e1",
    address: "10.0.0.11",
    port: 8080,
  },
  {
    name: "backend2",
    memberId: "a3b0c1d2-0000-4000-8000-0000000000e2",
    address: "10.0.0.12",
    port: 8080,
  },
];

/** A host elsewhere, whose packets reach the VIP through the VIP network's router. */
export const CLIENT = {
  name: "client",
  v4: { address: "198.51.100.10/24", gateway: "198.51.100.1" },
  v6: { address: "2001:db8:2::10/64", gateway: "2001:db8:2::1" },
} as const;

/** The namespace of switches and the router: what Neutron would be. */
export const FABRIC = "fabric";
