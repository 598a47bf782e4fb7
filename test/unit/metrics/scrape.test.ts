import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { suite, test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import { askExporter } from "../../../agent/metrics/scrape.ts";
import type { Question } from "../../../agent/metrics/types.ts";

const HEAD = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/** An exporter that does with each connection as it is told. */
async function anExporter(answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    socket.once("data", () => answer(socket));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

async function bodyOf(exporter: Question): Promise<string> {
  const { body } = await exporter.answer;
  let text = "";
  for await (const piece of body) text += piece.toString("latin1");
  return text;
}

suite("asking HAProxy's exporter", () => {
  test("megabytes come through whole, however slowly they are taken", async () => {
    const chunk = `${"0123456789abcdef".repeat(1_000)}\n`;
    const coded = `${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(300);
    await using exporter = await anExporter((socket) => socket.end(`${HEAD}${coded}0\r\n\r\n`));
    const { status, body } = await askExporter(exporter.port).answer;
    assert.equal(status, 200);
    let text = "";
    for await (const piece of body) {
      await new Promise((resolve) => setImmediate(resolve));
      text += piece.toString("latin1");
    }
    assert.ok(text === chunk.repeat(300));
  });

  test("an answer that breaks off is an error, also without a reset", async () => {
    await using ended = await anExporter((socket) => socket.end(`${HEAD}3\r\nabc\r\n`));
    await assert.rejects(bodyOf(askExporter(ended.port)), AgentError);
    await using reset = await anExporter((socket) => {
      socket.write(`${HEAD}3\r\nabc\r\n`, () => socket.resetAndDestroy());
    });
    await assert.rejects(bodyOf(askExporter(reset.port)));
    await using silent = await anExporter((socket) => socket.end());
    await assert.rejects(bodyOf(askExporter(silent.port)), AgentError);
  });

  test("who does not wait any more lets go of the connection", async () => {
    await using exporter = await anExporter((socket) => {
      socket.write(`${HEAD}3\r\nabc\r\n`);
      connection.close();
    });
    const connection = askExporter(exporter.port);
    await assert.rejects(bodyOf(connection));
    for (const socket of exporter.sockets) {
      if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
    }
  });

  test("the one who asks is told when the question is on its way, before there is an answer", async () => {
    const { promise: allowed, resolve } = Promise.withResolvers<void>();
    await using exporter = await anExporter((socket) => {
      void allowed.then(() => socket.end(`${HEAD}0\r\n\r\n`));
    });
    const question = askExporter(exporter.port);
    await question.sent;
    resolve();
    assert.equal((await question.answer).status, 200);
  });

  test("an exporter that does not listen is told by the system's error", async () => {
    const { port } = await (async () => {
      await using exporter = await anExporter(() => undefined);
      return exporter;
    })();
    await assert.rejects(bodyOf(askExporter(port)), { code: "ECONNREFUSED" });
  });
});
