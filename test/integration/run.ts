/**
 * Runs each integration test file on a throwaway host of its own, two at a time; files named
 * `systemd*` boot machines and run on this one. Prints a file's output when it ends, and the sum.
 */
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import process from "node:process";

const HERE = new URL("./", import.meta.url).pathname;
const THROWAWAY_HOST = new URL("../../scripts/throwaway-host", import.meta.url).pathname;
const AT_ONCE = 2;
const FILE_TIMEOUT_MS = 900_000;

interface Result {
  readonly file: string;
  readonly exitCode: number;
  readonly output: string;
  readonly seconds: number;
}

const wanted = process.argv.slice(2);
const files = (await readdir(HERE))
  .filter((file) => file.endsWith(".test.ts"))
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
  .sort();
const queue = [...files];
const results: Result[] = [];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(file);
      results.push(result);
      console.log(`\n# ${file}: ${result.exitCode === 0 ? "ok" : "FAILED"}, ${result.seconds.toFixed(1)} s`);
      console.log(result.output.trimEnd());
    }
  }),
);
report();

function runFile(file: string): Promise<Result> {
  const node = ["node", "--test", "--test-reporter=spec", `${HERE}${file}`];
  const [program = "node", ...args] = file.startsWith("systemd") ? node : [THROWAWAY_HOST, ...node];
  const start = performance.now();
  const { promise, resolve } = Promise.withResolvers<Result>();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGTERM"), FILE_TIMEOUT_MS);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  child.on("close", (exitCode) => {
    clearTimeout(timer);
    resolve({ file, exitCode: exitCode ?? 1, output, seconds: (performance.now() - start) / 1000 });
  });
  return promise;
}

function report(): void {
  const sum = (word: string) =>
    results.reduce((total, { output }) => {
      const counts = output.matchAll(new RegExp(`^ℹ ${word} (\\d+)$`, "gm"));
      return [...counts].reduce((subtotal, match) => subtotal + Number(match[1]), total);
    }, 0);
  const broken = results.filter(({ exitCode }) => exitCode !== 0).map(({ file }) => file);
  const [passed, failed, skipped] = [
    sum("pass"),
    sum("fail") + sum("cancelled"),
    sum("skipped") + sum("todo"),
  ];
  if (broken.length > 0) console.log(`\nFAILED: ${broken.join(", ")}`);
  if (skipped > 0) console.log(`\n${skipped} TESTS WERE SKIPPED: their reasons are above.`);
  console.log(`\n${passed} passed, ${Math.max(failed, broken.length)} failed, ${skipped} skipped`);
  const skipsForbidden = process.env.CI === "true" && skipped > 0;
  if (skipsForbidden) console.log("CI skips nothing: this is a failure.");
  process.exitCode = broken.length > 0 || passed === 0 || skipsForbidden ? 1 : 0;
}
