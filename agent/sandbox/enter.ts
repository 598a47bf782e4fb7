/**
 * Enters a throwaway host and leaves it again. This process stays outside: it holds the inner one by its
 * standard input, and the kernel ends the inner one with it. Nothing is written to the machine; where the
 * running sandbox is, `amphora sandbox exec` learns from an abstract socket, which goes with this process too.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import process from "node:process";
import { AgentError, systemErrorCode } from "../errors.ts";
import { ownProgram, packagePath } from "../package-files.ts";
import { runAttached } from "../system/attached.ts";
import { ask } from "../system/unix-socket.ts";
import { CLIENT } from "./scene.ts";
import type { ShowSettings } from "./show.ts";

const ASK_TIMEOUT_MS = 2_000;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Runs the show on a throwaway host. @returns its exit code */
export async function enterSandbox(settings: ShowSettings): Promise<number> {
  const throwawayHost = packagePath("scripts/throwaway-host");
  await access(throwawayHost);
  await using registration = settings.once ? undefined : await register();
  const show = [...ownProgram(), "sandbox-actor", "show", JSON.stringify(settings)];
  // A session of its own: Ctrl-C reaches us only, and we take the sandbox down in order.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", throwawayHost, ...show], {
    ...{ stdio: ["pipe", "inherit", "inherit"], detached: true },
    env: environment(),
  });
  registration?.announce(child);
  const stop = stopper(child);
  for (const name of STOP_SIGNALS) process.on(name, stop);
  const code = await exitCode(child);
  for (const name of STOP_SIGNALS) process.off(name, stop);
  return code;
}

/** Runs a command on the client host of the running sandbox. @returns its exit code */
export async function execInSandbox(command: readonly string[]): Promise<number> {
  const pid = await runningSandbox();
  // The process that we find is the one that waits for the sandbox's first process: it has all namespaces
  // but the pid one, which it only gives to its children.
  const place = ["--target", String(pid), "--user", "--preserve-credentials", "--mount", "--net"];
  const words = [
    ...place,
    `--pid=/proc/${pid}/ns/pid_for_children`,
    "--",
    "ip",
    "netns",
    "exec",
    CLIENT.name,
  ];
  return runAttached("nsenter", [...words, ...command]);
}

/** @returns 1 for a program that a signal ended. @throws the system error when it could not be started */
function exitCode(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once("exit", (code) => resolve(code ?? 1));
  child.once("error", reject);
  return promise;
}

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The first request lets the sandbox end in order, the second one ends it. */
function stopper(child: ChildProcess): () => void {
  let asked = false;
  return () => {
    if (asked) child.kill("SIGKILL");
    asked = true;
    child.stdin?.end();
  };
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: [process.env.PATH, PATH].filter((path) => path).join(":") };
}

function socketName(): string {
  return `\0amphora-sandbox-${process.getuid?.()}`;
}

interface Registration extends AsyncDisposable {
  announce(child: ChildProcess): void;
}

/** @throws AgentError `conflict` when this user has a sandbox already */
async function register(): Promise<Registration> {
  let pid = 0;
  const server: Server = createServer((socket) => {
    // Whoever asks may be gone before the answer.
    socket.on("error", () => socket.destroy());
    socket.resume().end(`${pid}\n`);
  });
  server.listen({ path: socketName() });
  try {
    await once(server, "listening");
  } catch (error) {
    if (systemErrorCode(error) !== "EADDRINUSE") throw error;
    throw new AgentError("conflict", "a sandbox of this user is running already", { cause: error });
  }
  return {
    announce: (child) => {
      pid = child.pid ?? 0;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

/** @throws AgentError `notFound` when this user has none */
async function runningSandbox(): Promise<number> {
  let answer: Buffer;
  try {
    answer = await ask(socketName(), "where", { timeoutMs: ASK_TIMEOUT_MS });
  } catch (error) {
    if (systemErrorCode(error) !== "ECONNREFUSED") throw error;
    throw new AgentError("notFound", "no sandbox is running; start one with: amphora sandbox", {
      cause: error,
    });
  }
  const pid = Number(answer.toString("latin1"));
  // Anybody on this machine may take a socket's name: enter nothing but what is ours.
  const { uid } = await stat(`/proc/${pid}`);
  if (uid !== process.getuid?.())
    throw new AgentError("conflict", `process ${pid} is not this user's sandbox`);
  return pid;
}
