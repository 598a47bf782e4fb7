/** Golden scrapes, through the production server and client over loopback (docs/contract/metrics.md, section 7). */
import { deepStrictEqual } from "node:assert";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { asError } from "../../../agent/errors.ts";
import { createScrapeServer } from "../../../agent/metrics/answer.ts";
import { METRIC_RULES } from "../../../agent/metrics/encode-exposition.ts";
import { askExporter } from "../../../agent/metrics/scrape.ts";
import type { Outcome } from "./index.ts";

export const name = "metrics";

interface Case {
  readonly name: string;
  readonly input: {
    readonly scrape_status: number;
    readonly scrape_body: string;
    readonly load_average_1min: number;
    readonly cpu_count: number;
    readonly memory_used_percent: number;
  };
  readonly expected: Answer;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export async function run(directory: string): Promise<Outcome> {
  const cases = JSON.parse(await readFile(`${directory}/cases.json`, "utf8")) as Case[];
  const checks = [
    { name: "mapping", check: () => checkMapping(directory) },
    ...cases.map((item) => ({ name: item.name, check: () => check(item) })),
  ];
  const failed: { name: string; reason: string }[] = [];
  for (const item of checks) {
    await item.check().catch((error: unknown) => {
      failed.push({ name: item.name, reason: asError(error).message });
    });
  }
  return { passed: checks.length - failed.length, failed };
}

async function checkMapping(directory: string): Promise<void> {
  const ours = METRIC_RULES.map(({ match, replaceWith, helpLine, labels }) => ({
    match,
    replace_with: replaceWith,
    help_line: helpLine ?? null,
    label_replacements: labels,
  }));
  deepStrictEqual(ours, JSON.parse(await readFile(`${directory}/mapping.json`, "utf8")));
}

async function check({ input, expected }: Case): Promise<void> {
  await using exporter = await listen(
    createServer((_request, response) => {
      response.writeHead(input.scrape_status).end(input.scrape_body);
    }),
  );
  await using proxy = await listen(
    createScrapeServer({
      readLoad: () => ({
        loadAverage: input.load_average_1min,
        cpuCount: input.cpu_count,
        memoryUsedPercent: input.memory_used_percent,
      }),
      ask: () => askExporter(exporter.port),
      onFailure: () => undefined,
    }),
  );
  deepStrictEqual(await ask(proxy.port), expected);
}

async function listen(server: Server): Promise<{ port: number } & AsyncDisposable> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

async function ask(port: number): Promise<Answer> {
  const [response] = (await once(
    get({ port, host: "127.0.0.1", path: "/any", agent: false }),
    "response",
  )) as [IncomingMessage];
  // How the body's end is marked is free, as is what the server says about itself.
  const free = ["date", "server", "content-length", "transfer-encoding"];
  const headers = Object.fromEntries(
    Object.entries(response.headers).filter(([field]) => !free.includes(field)),
  );
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks).toString("utf8") };
}
