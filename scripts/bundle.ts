/** How the program is bundled: for `dist/` (build.ts) and for the single executable (build-binary.ts). */
import type { BuildOptions, Plugin } from "esbuild";
import { SPARING_COMPILERS } from "../agent/system/optimisation.ts";

export const ROOT = new URL("../", import.meta.url).pathname;

/**
 * Parts of Express that it loads whether or not they are used: body parsers with their character set
 * tables, the static file server, the list of media types. The API reads bodies itself and serves two
 * media types; leaving these out halves the code that is read at every start (0.65 of 1.0 MB).
 */
const UNUSED_PACKAGES = /^(body-parser|serve-static|mime-db)$/;

const leaveOutUnused: Plugin = {
  name: "leave-out-unused",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: UNUSED_PACKAGES }, ({ path }) => ({ path, namespace: "unused" }));
    onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** Programs of threads, by the name that `workerProgram` of package-files.ts gives them. */
export const WORKERS = {
  "metrics-worker": "agent/metrics/worker.ts",
  "doctor-worker": "agent/doctor/worker.ts",
} as const;

/** One small entry, and a chunk per command that is loaded when needed. */
export const BUNDLE = {
  absWorkingDir: ROOT,
  entryPoints: { cli: "agent/cli/main.ts", ...WORKERS },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node26",
  chunkNames: "[name]-[hash]",
  minifyWhitespace: true,
  minifySyntax: true,
  // Stack traces are to be read; short names with the long ones put back at each start cost a tenth of it.
  minifyIdentifiers: false,
  legalComments: "none",
  metafile: true,
  plugins: [leaveOutUnused],
  logLevel: "warning",
} as const satisfies BuildOptions;

/** Chunks that are loaded by most of what runs often: their code is kept compiled. */
export const COMPILED_CHUNK = /(main|first-boot|amphora|sandbox)-/;

/**
 * V8 as a program wants it that sleeps most of the time on a machine with one processor (measured):
 * - the optimising compilers cost 4 MB; without them, loops over large texts are slower, and such work is left to
 *   regular expressions, and who renders documents turns one of them on again (`agent/system/optimisation.ts`);
 * - the memory reducer collects garbage for an idle program again and again, which takes as long as sending the
 *   heartbeats; `agent/system/memory.ts` does that when there is something to collect;
 * - threads beside the main one only compete with it;
 * - machine code for what has run a few times, without waiting until there is more of it: what runs once in ten
 *   seconds is never hot, and takes a third longer by the interpreter. At the first call already it would be a quarter
 *   of a start's time where processors are slow, and 2.5 MB.
 *
 * The copy of V8's own machine code near the program's is left to V8, which makes it on machines with 4 GB or more: 1.5 MB
 * for a fourteenth of a heartbeat's time.
 *
 * On the command line, since V8 looks at some of them only while it starts.
 */
export const V8_FLAGS = [...SPARING_COMPILERS, "--no-memory-reducer", "--single-threaded"];

/**
 * For glibc's malloc, as the environment of whoever starts the program (mallopt(3)): one heap for all threads, and what is
 * 64 KB or more goes back to the kernel when it is freed, as a start and a request need much for a moment. 1.5 MB.
 */
export const MALLOC_ENVIRONMENT =
  "MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=65536";

/**
 * {@link V8_FLAGS} for the single executable, as far as Node's own compiled code is accepted with it; the rest is set by the
 * program once it has been read (`agent/system/optimisation.ts`).
 */
export const BINARY_V8_FLAGS = [
  "--no-memory-reducer",
  "--single-threaded-gc",
  "--no-concurrent-recompilation",
  "--no-concurrent-sparkplug",
];
