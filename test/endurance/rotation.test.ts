/** A new certificate of the agent while a thousand connections are open: none of them notices. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connect, createSecureContext, type TLSSocket } from "node:tls";
import { parseAnswer, readToEnd } from "../integration/api-client.ts";
import { type Daemon, startDaemon } from "../integration/daemon.ts";
import { IS_FULL } from "./form.ts";

const CONNECTIONS = 1_000;
const OPENED_AT_ONCE = 50;
/** Connections stay open for so long before and after the rotation. */
const HELD_MS = IS_FULL ? 15_000 : 1_000;
const KEEP_ALIVE = "Host: amphora\r\nConnection: keep-alive\r\n";
const FILE = "/1.0/loadbalancer/7573b9ba-4f2f-4a9d-8b2c-0a4d7f3c2f10/certificates/a.pem";

/** What each connection has sent before the rotation, and sends after it. */
const STATES = [
  ["", `GET / HTTP/1.1\r\n${KEEP_ALIVE}\r\n`],
  ["GET / HTTP/1.1\r\nHost: amph", "ora\r\nConnection: keep-alive\r\n\r\n"],
  [`PUT ${FILE} HTTP/1.1\r\n${KEEP_ALIVE}Content-Length: 8\r\n\r\nhalf`, "half"],
] as const;

function opener({ controller, serverAuthority }: Daemon): () => Promise<TLSSocket> {
  const secureContext = createSecureContext({
    key: controller.pem,
    cert: controller.pem,
    ca: serverAuthority.ca,
  });
  return async () => {
    const socket = connect({
      host: "127.0.0.1",
      port: 9443,
      secureContext,
      checkServerIdentity: () => undefined,
    });
    await once(socket, "secureConnect");
    return socket;
  };
}

async function openAll(open: () => Promise<TLSSocket>): Promise<TLSSocket[]> {
  const sockets: TLSSocket[] = [];
  while (sockets.length < CONNECTIONS)
    sockets.push(...(await Promise.all(Array.from({ length: OPENED_AT_ONCE }, open))));
  return sockets;
}

const nameOf = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;

test("a certificate is replaced under a thousand open connections", async (t) => {
  await using daemon = await startDaemon("ec");
  const open = opener(daemon);
  const start = performance.now();
  const sockets = await openAll(open);
  const ended = new Set<TLSSocket>();
  for (const [index, socket] of sockets.entries()) {
    socket.on("error", () => ended.add(socket)).on("end", () => ended.add(socket));
    socket.write(STATES[index % STATES.length]?.[0] ?? "");
  }
  const opened = performance.now();
  await delay(HELD_MS);

  const next = await daemon.serverAuthority.issue("amphora-next");
  const { status } = await daemon.client.ask("PUT", "/1.0/certificate", { body: next.pem });
  assert.equal(status, 202);
  const late = await open();
  assert.equal(nameOf(late), "amphora-next");
  late.destroy();
  await delay(HELD_MS);
  assert.equal(ended.size, 0, `${ended.size} connections were cut`);

  const answers = await Promise.all(
    sockets.map((socket, index) => {
      assert.equal(nameOf(socket), "amphora");
      socket.write(STATES[index % STATES.length]?.[1] ?? "");
      return readToEnd(socket);
    }),
  );
  assert.deepEqual(new Set(answers.map((text) => parseAnswer(text).status)), new Set([200]));
  const ms = (from: number, to: number) => `${Math.round(to - from)} ms`;
  t.diagnostic(
    `${sockets.length} opened in ${ms(start, opened)}, answered ${ms(opened, performance.now())} later`,
  );
});
