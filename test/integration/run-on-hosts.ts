/**
 * Runs the test files of a directory, each on a throwaway host of its own; files named `systemd*` boot machines
 * and run on this one. Prints a file's output when it ends, and the sum.
 */
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import process from "node:process";

const THROWAWAY_HOST = new URL("../../scripts/throwaway-host", import.meta.url).pathname;

/** Characters of the failures of one file that the sum repeats. */
const LONGEST_SUMMARY = 3_000;

export interface HostRunOptions {
  /** Only files whose name has one of these; all when empty. */
  readonly words: readonly string[];
  /** With one at a time, what a file prints is shown as it comes. */
  readonly atOnce: number;
  readonly fileTimeoutMs: number;
}

interface Result {
  readonly file: string;
  readonly exitCode: number;
  readonly output: string;
  readonly seconds: number;
}

/** @returns the exit code */
export async function runOnThrowawayHosts(
  directory: string,
  { words, atOnce, fileTimeoutMs }: HostRunOptions,
): Promise<number> {
  const queue = (await readdir(directory))
    .filter((file) => file.endsWith(".test.ts"))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort();
  const results: Result[] = [];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        const isShown = atOnce === 1;
        const result = await runFile(directory, file, { timeoutMs: fileTimeoutMs, isShown });
        results.push(result);
        console.log(
          `\n# ${file}: ${result.exitCode === 0 ? "ok" : "FAILED"}, ${result.seconds.toFixed(1)} s`,
        );
        if (!isShown) console.log(result.output.trimEnd());
      }
    }),
  );
  return report(results);
}

function runFile(
  directory: string,
  file: string,
  { timeoutMs, isShown }: { readonly timeoutMs: number; readonly isShown: boolean },
): Promise<Result> {
  const node = ["node", "--test", "--test-reporter=spec", `${directory}${file}`];
  const [program = "node", ...args] = file.startsWith("systemd") ? node : [THROWAWAY_HOST, ...node];
  const start = performance.now();
  const { promise, resolve } = Promise.withResolvers<Result>();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  // unshare, which a throwaway host begins with, ignores what asks it to end; all of the host ends with it.
  const signal = program === THROWAWAY_HOST ? "SIGKILL" : "SIGTERM";
  const timer = setTimeout(() => child.kill(signal), timeoutMs);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (isShown) process.stdout.write(text);
    });
  }
  child.on("close", (exitCode) => {
    clearTimeout(timer);
    resolve({ file, exitCode: exitCode ?? 1, output, seconds: (performance.now() - start) / 1000 });
  });
  return promise;
}

function report(results: readonly Result[]): number {
  const sum = (word: string) =>
    results.reduce((total, { output }) => {
      const counts = output.matchAll(new RegExp(`^ℹ ${word} (\\d+)$`, "gm"));
      return [...counts].reduce((subtotal, match) => subtotal + Number(match[1]), total);
    }, 0);
  const broken = results.filter(({ exitCode }) => exitCode !== 0);
  const [passed, failed, skipped] = [
    sum("pass"),
    sum("fail") + sum("cancelled"),
    sum("skipped") + sum("todo"),
  ];
  // Once more, at the end: of a long output only that may be kept.
  for (const { file, output } of broken) console.log(`\n${file}:${failuresIn(output)}`);
  if (broken.length > 0) console.log(`\nFAILED: ${broken.map(({ file }) => file).join(", ")}`);
  if (skipped > 0) console.log(`\n${skipped} TESTS WERE SKIPPED: their reasons are above.`);
  console.log(`\n${passed} passed, ${Math.max(failed, broken.length)} failed, ${skipped} skipped`);
  const skipsForbidden = process.env.CI === "true" && skipped > 0;
  if (skipsForbidden) console.log("CI skips nothing: this is a failure.");
  return broken.length > 0 || passed === 0 || skipsForbidden ? 1 : 0;
}

/** What the reporter says of the failed tests behind everything else; the last lines where it came to no end. */
function failuresIn(output: string): string {
  const [, failures] = output.split("\n✖ failing tests:\n");
  return failures?.slice(0, LONGEST_SUMMARY).trimEnd() ?? output.slice(-LONGEST_SUMMARY);
}
