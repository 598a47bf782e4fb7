/** Bundles the program into dist/: one small entry, and a chunk per command that is loaded when needed. */
import { chmod, copyFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import process from "node:process";
import { build, type Plugin } from "esbuild";
import { execa } from "execa";

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

const ROOT = new URL("../", import.meta.url).pathname;

await rm(`${ROOT}dist`, { recursive: true, force: true });
const result = await build({
  absWorkingDir: ROOT,
  entryPoints: { cli: "agent/cli/main.ts", "metrics-worker": "agent/metrics/worker.ts" },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node26",
  chunkNames: "[name]-[hash]",
  minify: true,
  keepNames: true,
  legalComments: "none",
  metafile: true,
  plugins: [leaveOutUnused],
  logLevel: "warning",
  // CommonJS packages inside an ES module bundle still say require().
  banner: {
    js: 'import{createRequire as amphoraCreateRequire}from"node:module";const require=amphoraCreateRequire(import.meta.url);',
  },
});

/**
 * V8 as a program wants it that sleeps most of the time on a machine with one processor (measured):
 * - the optimising compilers cost 4 MB; without them, loops over large texts are slower, and such work is left to
 *   regular expressions, and who renders documents turns one of them on again (`agent/system/optimisation.ts`);
 * - the memory reducer collects garbage for an idle program again and again, which takes as long as sending the
 *   heartbeats; `agent/system/memory.ts` does that when there is something to collect;
 * - threads beside the main one only compete with it;
 * - room for two megabytes of new objects means fewer collections.
 *
 * On the command line, since V8 looks at some of them only while it starts.
 */
const V8_FLAGS = ["--no-opt", "--no-maglev", "--no-memory-reducer", "--single-threaded"];

/** Compiled code is kept beside the program, so that a start does not compile it again. */
const PRELUDE = `#!/usr/bin/env -S node ${V8_FLAGS.join(" ")}
import { enableCompileCache } from "node:module";
enableCompileCache({ directory: import.meta.dirname + "/compile-cache", portable: true });
`;
await writeFile(`${ROOT}dist/amphora.js`, `${PRELUDE}await import("./cli.js");\n`);
await chmod(`${ROOT}dist/amphora.js`, 0o755);
for (const name of ["amphora-agent", "amphora-interface"]) {
  await symlink("amphora.js", `${ROOT}dist/${name}`);
}
await copyFile(`${ROOT}agent/cli/haproxy-vrrp-check.sh`, `${ROOT}dist/haproxy-vrrp-check`);
await copyFile(`${ROOT}agent/cli/amphora-health-checker.pl`, `${ROOT}dist/amphora-health-checker`);
// Fills the cache, which holds what was compiled with the same flags only; importing does nothing else.
const chunks = Object.keys(result.metafile.outputs).filter((file) => /(main|amphora|sandbox)-/.test(file));
const imports = chunks.map((file) => `await import("./${basename(file)}");\n`).join("");
const warmUp = `${ROOT}dist/warm-up.js`;
await writeFile(warmUp, PRELUDE + imports);
await execa(process.execPath, [...V8_FLAGS, warmUp]);
await rm(warmUp);

const bytes = Object.values(result.metafile.outputs).reduce((sum, { bytes }) => sum + bytes, 0);
console.log(`dist/: ${Object.keys(result.metafile.outputs).length} files, ${Math.round(bytes / 1024)} kB`);
