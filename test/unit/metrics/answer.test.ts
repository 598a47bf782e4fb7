import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { suite, test } from "node:test";
import { createScrapeServer } from "../../../agent/metrics/answer.ts";
import type { Question, Scrape } from "../../../agent/metrics/types.ts";

const LINE = 'haproxy_server_weight{proxy="p:l",server="m"} 1\n';
const LOAD = { loadAverage: 1, cpuCount: 1, memoryUsedPercent: 1 };

async function* body(lines: number, failure?: Error): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < lines; sent += 1_000) yield Buffer.from(LINE.repeat(1_000));
  if (failure) throw failure;
}

/** A server whose scrapes are as given. */
async function aServer(scrape: () => Promise<Scrape>, readFigures?: () => Promise<string>) {
  const failures: unknown[] = [];
  let closed = Promise.withResolvers<void>();
  const server = createScrapeServer({
    readLoad: () => LOAD,
    ask: (): Question => {
      closed = Promise.withResolvers();
      const answer = scrape();
      answer.catch(() => undefined);
      return { sent: Promise.resolve(), answer, close: () => closed.resolve() };
    },
    ...(readFigures && { readFigures }),
    onFailure: (error) => failures.push(error),
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    failures,
    /** Settles when the last one's exporter was let go. */
    closed: () => closed.promise,
    async ask(method = "GET"): Promise<IncomingMessage> {
      const asked = request({ port, host: "127.0.0.1", method, agent: false }).end();
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      asked.on("error", () => undefined);
      return response;
    },
    /** What comes back for these very bytes, sent in two parts. */
    async raw(text: string): Promise<string> {
      const socket = connect({ port, host: "127.0.0.1" }).setEncoding("latin1");
      let answer = "";
      socket.on("data", (part: string) => {
        answer += part;
      });
      socket.write(text.slice(0, 9));
      setImmediate(() => socket.write(text.slice(9)));
      await once(socket, "close");
      return answer;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return text;
}

suite("answering a request for metrics", () => {
  test("a short answer has a length, a long one is sent as it comes", async () => {
    for (const [lines, isLong] of [
      [1_000, false],
      [20_000, true],
    ] as const) {
      await using server = await aServer(async () => ({ status: 200, body: body(lines) }));
      const response = await server.ask();
      assert.equal(response.statusCode, 200);
      assert.equal(response.headers["content-length"] === undefined, isLong);
      const text = await textOf(response);
      assert.equal(text.split("octavia_member_weight{").length - 1, lines);
      assert.deepEqual(server.failures, []);
    }
  });

  test("a scrape that fails before anything was sent is 502, without a body", async () => {
    const broken = new Error("broken");
    for (const scrape of [
      async () => ({ status: 503, body: body(1_000) }),
      async () => ({ status: 200, body: body(2_000, broken) }),
      async () => Promise.reject(broken),
    ]) {
      await using server = await aServer(scrape);
      const response = await server.ask();
      assert.equal(response.statusCode, 502);
      assert.equal(await textOf(response), "");
      assert.equal(server.failures.length, 1);
    }
  });

  test("a long answer that fails half-way ends as a broken one", async () => {
    await using server = await aServer(async () => ({
      status: 200,
      body: body(20_000, new Error("broken")),
    }));
    await assert.rejects(textOf(await server.ask()), /aborted/);
    assert.equal(server.failures.length, 1);
  });

  test("a client that has gone ends the scrape, and is nobody's failure", async () => {
    await using server = await aServer(async () => ({ status: 200, body: body(Number.POSITIVE_INFINITY) }));
    (await server.ask()).destroy();
    await server.closed();
    assert.deepEqual(server.failures, []);
  });

  test("further lines follow HAProxy's, byte for byte as they are, whatever HAProxy ends with", async () => {
    const own = 'amphora_agent_x{file="ä"} 1\n';
    const exporter = (end: string) => async () => ({
      status: 200,
      body: (async function* () {
        yield Buffer.from(`haproxy_process_requests_total 5${end}`);
      })(),
    });
    for (const [end, joint] of [
      ["\n", "\n"],
      ["", "\n"],
      ["\nhaproxy_unknown 1", "\n"],
      ["\nhaproxy_unknown 1\n", "\n"],
    ] as const) {
      await using plain = await aServer(exporter(end));
      await using server = await aServer(exporter(end), async () => own);
      const [wire, text] = [await textOf(await plain.ask()), await textOf(await server.ask())];
      assert.equal(text, `${wire}${wire.endsWith("\n") ? "" : joint}${own}`);
      assert.ok(text.includes(`octavia_loadbalancer_requests_total 5\n`));
    }
  });

  test("a long answer has the further lines at its end too, and a failed one has none", async () => {
    const own = async () => "amphora_agent_x 1\n";
    await using long = await aServer(async () => ({ status: 200, body: body(20_000) }), own);
    assert.match(await textOf(await long.ask()), /\} 1\namphora_agent_x 1\n$/);
    await using failed = await aServer(async () => ({ status: 503, body: body(1) }), own);
    const response = await failed.ask();
    assert.deepEqual([response.statusCode, await textOf(response)], [502, ""]);
  });

  test("one who speaks HTTP/1.0 gets the same without chunks, and a broken answer as a broken connection", async () => {
    const ask = "GET /x HTTP/1.0\r\n\r\n";
    await using server = await aServer(async () => ({ status: 200, body: body(20_000) }));
    const answer = await server.raw(ask);
    assert.doesNotMatch(answer, /transfer-encoding/);
    assert.equal(answer.split("octavia_member_weight{").length - 1, 20_000);
    assert.match(answer, /\} 1\n$/);
    await using broken = await aServer(async () => ({
      status: 200,
      body: body(20_000, new Error("broken")),
    }));
    await assert.rejects(broken.raw(ask), { code: "ECONNRESET" });
  });

  test("what is no request is refused, and its head is not waited for without end", async () => {
    await using server = await aServer(() => Promise.reject(new Error("not to be asked")));
    for (const text of ["HELO there\r\n\r\n", `GET / HTTP/1.1\r\nx: ${"y".repeat(20_000)}`]) {
      assert.match(await server.raw(text), /^HTTP\/1\.1 400 /);
    }
  });

  test("other methods are not implemented", async () => {
    await using server = await aServer(() => Promise.reject(new Error("not to be asked")));
    for (const method of ["POST", "HEAD"]) {
      assert.equal((await server.ask(method)).statusCode, 501);
      await server.closed();
    }
  });
});
