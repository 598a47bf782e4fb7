/** The program's own commands, as somebody at a terminal runs them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";

export const PROGRAM = new URL("../../agent/cli/main.ts", import.meta.url).pathname;

export interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `amphora WORDS` to its end. */
export function amphora(...words: readonly string[]): Promise<Ran> {
  return runProgram([process.execPath, PROGRAM, ...words]);
}

export async function runProgram([file = "", ...args]: readonly string[]): Promise<Ran> {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, ...texts };
}
