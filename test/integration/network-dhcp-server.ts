/** A DHCP server with one address to give (RFC 2131), run in the namespace outside: ADDRESS GATEWAY as arguments. */
import { createSocket } from "node:dgram";
import process from "node:process";

const [, , address = "", server = ""] = process.argv;
const [DISCOVER, OFFER, REQUEST, ACK, RELEASE] = [1, 2, 3, 5, 7];
const MAGIC = 0x63825363;

const octets = (text: string): Buffer => Buffer.from(text.split(".").map(Number));

function messageType(packet: Buffer): number {
  for (let at = 240; at < packet.length && packet[at] !== 255; at += 2 + (packet[at + 1] ?? 0)) {
    if (packet[at] === 53) return packet[at + 2] ?? 0;
  }
  return 0;
}

function answer(request: Buffer, type: number): Buffer {
  const header = Buffer.alloc(240);
  request.copy(header, 0, 0, 44);
  header[0] = 2;
  octets(address).copy(header, 16);
  octets(server).copy(header, 20);
  header.writeUInt32BE(MAGIC, 236);
  const lifetime = [51, 4, 0, 0, 14, 16];
  const options = [53, 1, type, 54, 4, ...octets(server), ...lifetime, 1, 4, 255, 255, 255, 0, 255];
  return Buffer.concat([header, Buffer.from(options)]);
}

const socket = createSocket("udp4");
socket.on("message", (packet) => {
  const type = messageType(packet);
  if (type === RELEASE) console.log("released");
  if (type !== DISCOVER && type !== REQUEST) return;
  socket.send(answer(packet, type === DISCOVER ? OFFER : ACK), 68, "255.255.255.255");
});
socket.bind(67, () => {
  socket.setBroadcast(true);
  console.log("ready");
});
