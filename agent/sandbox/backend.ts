/** Actor: a member's web server, a program of its own inside the member's network namespace. */
import { once } from "node:events";
import { createServer } from "node:http";
import process from "node:process";
import { type BackendSettings, encodeMessage } from "./actor-messages.ts";

/** Serves until standard input ends, which it does with whoever started us. */
export async function runBackend({ name, address, port }: BackendSettings): Promise<number> {
  let served = 0;
  const server = createServer((request, response) => {
    served += 1;
    const body = JSON.stringify({ backend: name, path: request.url, served });
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
    });
    response.end(body);
  });
  server.listen(port, address);
  await once(server, "listening");
  process.stdout.write(encodeMessage("ready"));
  process.stdin.resume();
  await once(process.stdin, "end");
  server.close();
  server.closeAllConnections();
  return 0;
}
