/** Sends datagrams from unbound sockets, one for each IP family. */
import { DgramAsPromised, type SocketAsPromised } from "dgram-as-promised";

export interface UdpSender {
  /**
   * @param address - IPv4 or IPv6 address, never a name
   * @throws the system error (`ENETUNREACH`, `EMSGSIZE`, `EAFNOSUPPORT`, ...)
   */
  send(datagram: Uint8Array, address: string, port: number): Promise<void>;
  close(): Promise<void>;
}

type Family = "udp4" | "udp6";

/** The sockets belong to the network namespace of this process; they are opened when first needed. */
export function createUdpSender(): UdpSender {
  const sockets = new Map<Family, SocketAsPromised>();
  const opening = new Map<Family, Promise<SocketAsPromised>>();

  function open(family: Family): Promise<SocketAsPromised> {
    const known = opening.get(family);
    if (known) return known;
    const socket = openSocket(family)
      .then((socket) => {
        sockets.set(family, socket);
        return socket;
      })
      .finally(() => opening.delete(family));
    opening.set(family, socket);
    return socket;
  }

  /** A socket that has failed once may hand its old error to the next send: that gets a new one. */
  async function renew(family: Family, socket: SocketAsPromised): Promise<void> {
    if (sockets.get(family) !== socket) return;
    sockets.delete(family);
    await socket.close();
  }

  return {
    async send(datagram, address, port) {
      const family = address.includes(":") ? "udp6" : "udp4";
      // No turn more than needed: heartbeats are sent for years.
      const socket = sockets.get(family) ?? (await open(family));
      try {
        await socket.send(datagram, port, address);
      } catch (error) {
        await renew(family, socket);
        throw error;
      }
    },
    async close() {
      await Promise.allSettled(opening.values());
      const all = [...sockets.values()];
      sockets.clear();
      await Promise.all(all.map((socket) => socket.close()));
    },
  };
}

/** Binding by hand matters: when the implicit binding of a first send fails, that send never ends. */
async function openSocket(family: Family): Promise<SocketAsPromised> {
  const version = family === "udp4" ? 4 : 6;
  const socket = DgramAsPromised.createSocket({
    type: family,
    // There are no names here, and Node's own answer comes a turn later even for an address.
    lookup: (address, _options, answer) => answer(null, address, version),
  });
  try {
    await socket.bind();
  } catch (error) {
    await socket.close();
    throw error;
  }
  return socket;
}
