/** A running API over real TLS on a free port, with a fake agent behind it. */
import { Writable } from "node:stream";
import { pino } from "pino";
import { type ApiServer, startServer } from "../../../agent/api/server.ts";
import { parseConfig } from "../../../agent/config/config-parse.ts";
import type { Config } from "../../../agent/config/types.ts";
import { type ApiClient, apiClient } from "../../integration/api-client.ts";
import { type TestAuthority, type TestIdentity, TlsIdentities } from "../../integration/tls-identities.ts";
import { createFakeAgent, type FakeAgent } from "./fake-agent.ts";

export interface ApiFixture extends AsyncDisposable {
  readonly api: ApiServer;
  readonly agent: FakeAgent;
  /** With a certificate of the accepted authority, subject `CN=controller`. */
  readonly client: ApiClient;
  readonly controller: TestIdentity;
  readonly serverAuthority: TestAuthority;
  readonly clientAuthority: TestAuthority;
  readonly identities: TlsIdentities;
  readonly config: Config;
  /** Log lines so far. */
  readonly lines: Record<string, unknown>[];
}

export async function startApi(changes: Partial<Config> = {}): Promise<ApiFixture> {
  await using resources = new AsyncDisposableStack();
  const identities = resources.use(await TlsIdentities.create());
  const [serverAuthority, clientAuthority] = await Promise.all([
    identities.authority("server-ca"),
    identities.authority("client-ca"),
  ]);
  const server = await serverAuthority.issue("amphora-1");
  const controller = await clientAuthority.issue("controller");
  const config: Config = {
    ...parseConfig([], "/etc/octavia/amphora-agent.conf").config,
    bindPort: 0,
    agentServerCert: server.pemFile,
    agentServerCa: clientAuthority.caFile,
    ...changes,
  };
  const agent = createFakeAgent();
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level: "debug", base: null }, lineCollector(lines));
  const api = await startServer({ config, agent, logger });
  resources.defer(() => api.stop());
  const owned = resources.move();
  return {
    api,
    agent,
    controller,
    client: apiClient(api.address.port, controller, serverAuthority.ca),
    serverAuthority,
    clientAuthority,
    identities,
    config,
    lines,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function lineCollector(lines: Record<string, unknown>[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
}
