/** Starts the sandbox's actors: this program once more, inside the network namespace of the host it plays. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { ownProgram } from "../package-files.ts";
import type { BackendSettings, ClientCommand, ClientMessage, ClientSettings } from "./actor-messages.ts";
import { encodeMessage, readMessages } from "./actor-messages.ts";

export interface Actor {
  /** Ends it at once, as a power cut would, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Called when an actor ends that nobody told to end. */
export type OnLost = (error: Error) => void;

export interface ClientActor extends Actor {
  send(command: ClientCommand): void;
}

/** @returns when it accepts connections */
export async function startBackend(
  namespace: string,
  settings: BackendSettings,
  onLost: OnLost,
): Promise<Actor> {
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  const lost: OnLost = (error) => {
    reject(error);
    onLost(error);
  };
  const { actor } = spawnActor({ namespace, name: "backend", settings, receive: () => resolve(), lost });
  await ready;
  return actor;
}

/** @param receive - called with everything that it says */
export function startClient(
  namespace: string,
  settings: ClientSettings,
  receive: (message: ClientMessage) => void,
  lost: OnLost,
): ClientActor {
  const { actor, child } = spawnActor({ namespace, name: "client", settings, receive, lost });
  return { ...actor, send: (command) => child.stdin.write(encodeMessage(command)) };
}

interface ActorOptions<Message> {
  /** Of the network. */
  readonly namespace: string;
  readonly name: "backend" | "client";
  readonly settings: BackendSettings | ClientSettings;
  readonly receive: (message: Message) => void;
  readonly lost: OnLost;
}

function spawnActor<Message>({ namespace, name, settings, receive, lost }: ActorOptions<Message>) {
  const command = [...ownProgram(), "sandbox-actor", name, JSON.stringify(settings)];
  const child = spawn("ip", ["netns", "exec", namespace, ...command], { stdio: ["pipe", "pipe", "inherit"] });
  let expected = false;
  const fail = (reason: string): void => {
    if (!expected) lost(new Error(`the sandbox's ${name} in ${namespace} is gone: ${reason}`));
    expected = true;
  };
  const gone = once(child, "exit").then(([code, signal]: unknown[]) =>
    fail(String(signal ?? `exit ${code}`)),
  );
  child.on("error", (error) => fail(error.message));
  // A write to an actor that has just gone; "exit" tells of it.
  child.stdin.on("error", (error) => fail(error.message));
  const output = readMessages<Message>(child.stdout, receive);
  const actor: Actor = {
    kill: async () => {
      expected = true;
      child.kill("SIGKILL");
      await Promise.all([gone, output]);
    },
  };
  return { actor, child };
}
