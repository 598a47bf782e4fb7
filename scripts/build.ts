/** Bundles the program into dist/: one small entry, and a chunk per command that is loaded when needed. */
import { chmod, copyFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import process from "node:process";
import { build } from "esbuild";
import { execa } from "execa";
import { BUNDLE, COMPILED_CHUNK, MALLOC_ENVIRONMENT, ROOT, V8_FLAGS } from "./bundle.ts";

await rm(`${ROOT}dist`, { recursive: true, force: true });
const result = await build({
  ...BUNDLE,
  // CommonJS packages inside an ES module bundle still say require().
  banner: {
    js: 'import{createRequire as amphoraCreateRequire}from"node:module";const require=amphoraCreateRequire(import.meta.url);',
  },
});

/** Compiled code is kept beside the program, so that a start does not compile it again. */
const PRELUDE = `#!/usr/bin/env -S ${MALLOC_ENVIRONMENT} node ${V8_FLAGS.join(" ")}
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
const chunks = Object.keys(result.metafile.outputs).filter((file) => COMPILED_CHUNK.test(file));
const imports = chunks.map((file) => `await import("./${basename(file)}");\n`).join("");
const warmUp = `${ROOT}dist/warm-up.js`;
await writeFile(warmUp, PRELUDE + imports);
await execa(process.execPath, [...V8_FLAGS, warmUp]);
await rm(warmUp);

const bytes = Object.values(result.metafile.outputs).reduce((sum, { bytes }) => sum + bytes, 0);
console.log(`dist/: ${Object.keys(result.metafile.outputs).length} files, ${Math.round(bytes / 1024)} kB`);
