import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { suite, test } from "node:test";
import { RuntimeSession } from "../../../agent/system/runtime-session.ts";

type Reply = (socket: Socket, command: string) => void;

/** Says its prompt behind each answer, like HAProxy. */
const prompting =
  (text: (command: string) => string): Reply =>
  (socket, command) => {
    socket.write(`${text(command)}\n> `);
  };

class FakeRuntime implements AsyncDisposable {
  readonly path: string;
  readonly commands: string[] = [];
  readonly sockets: Socket[] = [];
  readonly #directory: string;
  readonly #server;

  static async listen(reply: Reply): Promise<FakeRuntime> {
    const runtime = new FakeRuntime(await mkdtemp(join(tmpdir(), "runtime-")), reply);
    await new Promise<void>((resolve) => runtime.#server.listen(runtime.path, resolve));
    return runtime;
  }

  constructor(directory: string, reply: Reply) {
    this.#directory = directory;
    this.path = join(directory, "haproxy.sock");
    this.#server = createServer((socket) => {
      this.sockets.push(socket);
      createInterface(socket).on("line", (command) => {
        this.commands.push(command);
        if (command === "prompt" || command.startsWith("set timeout cli ")) socket.write("\n> ");
        else reply(socket, command);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#directory, { recursive: true });
  }
}

async function texts(session: RuntimeSession, ...commands: string[]): Promise<string[]> {
  return (await session.ask(commands)).map((answer) => answer.toString());
}

suite("a session with the runtime API", () => {
  test("asks many questions on one connection", async () => {
    await using runtime = await FakeRuntime.listen(prompting((command) => `${command}!\n`));
    const session = new RuntimeSession(runtime.path);
    assert.deepEqual(await texts(session, "a", "b"), ["a!\n\n", "b!\n\n"]);
    assert.deepEqual(await texts(session, "c"), ["c!\n\n"]);
    assert.deepEqual(runtime.commands, ["prompt", "set timeout cli 3600", "a", "b", "c"]);
    assert.equal(runtime.sockets.length, 1);
    session.close();
  });

  test("takes an empty answer for what it is", async () => {
    await using runtime = await FakeRuntime.listen(prompting(() => ""));
    const session = new RuntimeSession(runtime.path);
    assert.deepEqual(await texts(session, "a", "b"), ["\n", "\n"]);
    session.close();
  });

  test("waits for the last byte of an answer that comes in pieces", async () => {
    const whole = "x\ny\n\n> ";
    await using runtime = await FakeRuntime.listen((socket) => {
      socket.setNoDelay(true);
      for (const [index, byte] of [...whole].entries()) setTimeout(() => socket.write(byte), index);
    });
    const session = new RuntimeSession(runtime.path);
    assert.deepEqual(await texts(session, "a"), ["x\ny\n\n"]);
    session.close();
  });

  test("takes answers of any length, short ones after long ones", async () => {
    const lengths = [10, 3_000_000, 70_000, 1];
    await using runtime = await FakeRuntime.listen(
      prompting((command) => `${"r".repeat(Number(command))}\n`),
    );
    const session = new RuntimeSession(runtime.path);
    for (const length of lengths) {
      const [answer = ""] = await texts(session, String(length));
      assert.equal(answer, `${"r".repeat(length)}\n\n`);
    }
    session.close();
  });

  test("fails when the other side closes it, and connects again for the next question", async () => {
    await using runtime = await FakeRuntime.listen((socket, command) => {
      if (command === "die") socket.destroy();
      else prompting(() => "fine\n")(socket, command);
    });
    const session = new RuntimeSession(runtime.path);
    await texts(session, "a");
    await assert.rejects(session.ask(["die"]), /closed the session/);
    assert.equal(session.isOpen, false);
    assert.deepEqual(await texts(session, "a"), ["fine\n\n"]);
    assert.equal(runtime.sockets.length, 2);
    session.close();
  });

  test("fails with the reason that it is closed with", async () => {
    await using runtime = await FakeRuntime.listen(() => undefined);
    const session = new RuntimeSession(runtime.path);
    const asking = session.ask(["a"]);
    session.close(new Error("enough"));
    await assert.rejects(asking, /enough/);
  });

  test("tells that nobody listens", async () => {
    const session = new RuntimeSession(join(tmpdir(), "no-such.sock"));
    await assert.rejects(session.ask(["a"]), { code: "ENOENT" });
    assert.equal(session.isOpen, false);
  });
});
