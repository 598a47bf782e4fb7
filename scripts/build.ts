/** Bundles the program into dist/: one small entry, and a chunk per command that is loaded when needed. */
import { chmod, rm } from "node:fs/promises";
import { build } from "esbuild";

const ROOT = new URL("../", import.meta.url).pathname;

await rm(`${ROOT}dist`, { recursive: true, force: true });
const result = await build({
  absWorkingDir: ROOT,
  entryPoints: { amphora: "agent/cli/main.ts" },
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
  logLevel: "warning",
  // CommonJS packages inside an ES module bundle still say require().
  banner: {
    js: 'import{createRequire as amphoraCreateRequire}from"node:module";const require=amphoraCreateRequire(import.meta.url);',
  },
});
await chmod(`${ROOT}dist/amphora.js`, 0o755);
const bytes = Object.values(result.metafile.outputs).reduce((sum, { bytes }) => sum + bytes, 0);
console.log(`dist/: ${Object.keys(result.metafile.outputs).length} files, ${Math.round(bytes / 1024)} kB`);
