/** A load balancer in a booted amphora; its clients and its members are on this machine's loopback. */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { connect, type PeerCertificate } from "node:tls";
import { type AmphoraGuest, eventually, soonest } from "./amphora-guest.ts";
import { haproxyConfig, LOAD_BALANCER, type Site, UDP_LISTENER, udpConfig } from "./documents.ts";
import { freePort } from "./guest.ts";

const VIP = "10.1.0.5";
const CARDS = { vip: "fa:16:3e:00:01:01", members: "fa:16:3e:00:02:01" } as const;
const ANSWER = "member\n";
const CLIENT_MS = 10_000;

export class GuestLoadBalancer implements AsyncDisposable {
  readonly site: Site;
  readonly #amphora: AmphoraGuest;
  readonly #httpMember: Server;
  readonly #udpMember: Socket;
  readonly #ports: { readonly http: number; readonly tls: number; readonly udp: number };

  private constructor(parts: {
    amphora: AmphoraGuest;
    httpMember: Server;
    udpMember: Socket;
    ports: { http: number; tls: number; udp: number };
    site: Site;
  }) {
    this.#amphora = parts.amphora;
    this.#httpMember = parts.httpMember;
    this.#udpMember = parts.udpMember;
    this.#ports = parts.ports;
    this.site = parts.site;
  }

  /** Makes members; nothing in the amphora. */
  static async create(amphora: AmphoraGuest): Promise<GuestLoadBalancer> {
    const httpMember = createServer((_, response) => response.end(ANSWER)).listen(0, "127.0.0.1");
    await once(httpMember, "listening");
    const { port } = httpMember.address() as { port: number };
    const udpMember = createSocket("udp4").bind(port, "127.0.0.1");
    udpMember.on("message", (datagram, from) => udpMember.send(datagram, from.port, from.address));
    const site = {
      amphoraId: amphora.identities.amphoraId,
      vip: VIP,
      vrrpIp: "10.1.0.6",
      // In its network this machine is the second address.
      member: { address: "10.2.0.2", port },
    };
    const ports = { http: await freePort(), tls: await freePort(), udp: await freePort() };
    return new GuestLoadBalancer({ amphora, httpMember, udpMember, ports, site });
  }

  /** Plugs the networks of the VIP and of the members. */
  async plug(): Promise<void> {
    await this.#amphora.guest.plug(CARDS.vip, "10.1.0.0/24", [
      { protocol: "tcp", port: this.#ports.http, to: `${VIP}:80` },
      { protocol: "tcp", port: this.#ports.tls, to: `${VIP}:443` },
      { protocol: "udp", port: this.#ports.udp, to: `${VIP}:5000` },
    ]);
    await this.#post(`/1.0/plug/vip/${VIP}`, {
      subnet_cidr: "10.1.0.0/24",
      gateway: "10.1.0.2",
      mac_address: CARDS.vip,
      vrrp_ip: this.site.vrrpIp,
      mtu: 1_450,
      host_routes: [],
    });
    await this.#amphora.guest.plug(CARDS.members, "10.2.0.0/24", []);
    await this.#post("/1.0/plug/network", {
      mac_address: CARDS.members,
      fixed_ips: [{ ip_address: "10.2.0.7", subnet_cidr: "10.2.0.0/24", host_routes: [] }],
      mtu: 1_450,
    });
  }

  /** The card may not have been seen yet: controllers try again after 404, too. */
  async #post(path: string, body: object): Promise<void> {
    await eventually(path, async () => (await this.#amphora.client.send("POST", path, body)).status === 202);
  }

  readonly #path = () => `/1.0/loadbalancer/${this.site.amphoraId}/${LOAD_BALANCER}/haproxy`;

  async upload(shape: { withTls: boolean }): Promise<void> {
    const config = await haproxyConfig(this.site, shape);
    await this.#amphora.client.expect(202, "PUT", this.#path(), config);
  }

  /** Sends an upload whose answer nobody waits for. */
  async uploadUnanswered(shape: { withTls: boolean }): Promise<void> {
    const config = await haproxyConfig(this.site, shape);
    this.#amphora.client.send("PUT", this.#path(), config).catch(() => undefined);
  }

  async act(action: "start" | "reload", id: string = LOAD_BALANCER): Promise<void> {
    await this.#amphora.client.expect(202, "PUT", `/1.0/loadbalancer/${id}/${action}`);
  }

  async storeCertificate(name: string, pem: Buffer | string): Promise<void> {
    const path = `/1.0/loadbalancer/${LOAD_BALANCER}/certificates/${name}.pem`;
    await this.#amphora.client.expect(200, "PUT", path, pem);
  }

  async startUdp(): Promise<void> {
    const path = `/1.0/listeners/${this.site.amphoraId}/${UDP_LISTENER}/udp_listener`;
    await this.#amphora.client.expect(200, "PUT", path, await udpConfig(this.site));
    await this.act("start", UDP_LISTENER);
  }

  async delete(id: string): Promise<void> {
    await this.#amphora.client.expect(200, "DELETE", `/1.0/listeners/${id}`);
  }

  /** What a client of the VIP reads; throws when nobody answers. */
  async fetch(signal = AbortSignal.timeout(CLIENT_MS)): Promise<string> {
    const asked = get({ host: "127.0.0.1", port: this.#ports.http, agent: false, signal });
    // The one below does not listen any more when it was told to stop.
    asked.on("error", () => undefined);
    const [response] = (await once(asked, "response", { signal })) as [IncomingMessage];
    return text(response);
  }

  /** Waits until the VIP serves HTTP. */
  async serves(what: string): Promise<void> {
    await soonest(
      what,
      async (signal) => assert.equal(await this.fetch(signal), ANSWER),
      () => this.#amphora.guest.console(),
    );
  }

  /** The certificate that a client of the TLS listener is shown; throws when nobody answers. */
  async certificateFor(servername: string): Promise<PeerCertificate> {
    const socket = connect({
      host: "127.0.0.1",
      port: this.#ports.tls,
      servername,
      rejectUnauthorized: false,
    });
    try {
      await once(socket, "secureConnect", { signal: AbortSignal.timeout(CLIENT_MS) });
      return socket.getPeerCertificate();
    } finally {
      socket.destroy();
    }
  }

  async shows(servername: string): Promise<void> {
    await eventually(`the certificate of ${servername}`, async () => {
      const { subject } = await this.certificateFor(servername);
      assert.equal(subject.CN, servername);
      return true;
    });
  }

  /** From a port of its own: what came before the listener was there is tracked as no traffic of its. */
  async echoes(question: string): Promise<boolean> {
    const client = createSocket("udp4");
    const echoed = once(client, "message", { signal: AbortSignal.timeout(1_000) });
    client.send(question, this.#ports.udp, "127.0.0.1");
    try {
      return String((await echoed)[0]) === question;
    } finally {
      client.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#httpMember.close();
    this.#httpMember.closeAllConnections();
    this.#udpMember.close();
    await once(this.#udpMember, "close");
  }
}
