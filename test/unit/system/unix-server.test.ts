import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { serveUnixSocket } from "../../../agent/system/unix-server.ts";
import { ask } from "../../../agent/system/unix-socket.ts";

const WAIT = { timeoutMs: 20_000 };
let directory: string;
let path: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "unix-server-"));
  path = join(directory, "socket");
});
after(() => rm(directory, { recursive: true }));

async function asked(question: string): Promise<string> {
  return (await ask(path, question, WAIT)).toString("utf8");
}

test("a line is answered, an error is told, and only the owner may ask", async () => {
  const server = await serveUnixSocket({
    path,
    answer: async (question) => {
      if (question === "bad") throw new Error("no such question");
      return question.repeat(100_000);
    },
  });
  assert.equal((await asked("what")).length, 400_000);
  assert.equal(await asked("bad"), "error: no such question\n");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await server.close();
  await assert.rejects(asked("what"), { code: "ENOENT" });
});

test("what a killed program has left is replaced", async () => {
  await writeFile(path, "");
  const server = await serveUnixSocket({ path, answer: async () => "here" });
  assert.equal(await asked("who"), "here");
  await server.close();
});

test("who says nothing, or too much, is not answered, and does not keep it from ending", async () => {
  const server = await serveUnixSocket({ path, answer: async () => "here" });
  const silent = connect(path);
  const talkative = connect(path);
  silent.on("error", () => undefined);
  talkative.on("error", () => undefined);
  let heard = 0;
  talkative.on("data", () => {
    heard += 1;
  });
  talkative.write("x".repeat(5_000));
  await once(talkative, "close");
  assert.equal(heard, 0);
  assert.equal(await asked("who"), "here");
  const gone = once(silent, "close");
  await server.close();
  await gone;
});
