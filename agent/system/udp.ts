/** Sends datagrams from unbound sockets, one for each IP family. */
import { isIPv6 } from "node:net";
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
  const sockets = new Map<Family, Promise<SocketAsPromised>>();
  return {
    async send(datagram, address, port) {
      const family = isIPv6(address) ? "udp6" : "udp4";
      const opening = sockets.get(family) ?? openSocket(family);
      sockets.set(family, opening);
      try {
        const socket = await opening;
        await socket.send(datagram, port, address);
      } catch (error) {
        // A socket that has failed once may hand its old error to the next send: that gets a new one.
        if (sockets.get(family) === opening) {
          sockets.delete(family);
          await closeSocket(opening);
        }
        throw error;
      }
    },
    async close() {
      const open = [...sockets.values()];
      sockets.clear();
      await Promise.all(open.map(closeSocket));
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

/** A socket that could not be opened has closed itself; the sender was told why. */
async function closeSocket(opening: Promise<SocketAsPromised>): Promise<void> {
  const socket = await opening.catch(() => undefined);
  await socket?.close();
}
