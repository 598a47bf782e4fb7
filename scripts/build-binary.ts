/**
 * build-binary.ts [DIRECTORY]: makes `DIRECTORY/amphora`, by default in `dist/binary/`: the program as one executable, with Node, templates and scripts inside.
 * The same sources give the same bytes. Why it is made like this, with figures: docs/image.md.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { build, transform } from "esbuild";
import { execa } from "execa";
import { BINARY_V8_FLAGS, BUNDLE, COMPILED_CHUNK, ROOT, WORKERS } from "./bundle.ts";

const OUTPUT = resolve(process.argv[2] ?? join(ROOT, "dist/binary"));
const WORK = await mkdtemp(join(tmpdir(), "amphora-binary-"));
/** Upstream's names, and the scripts that an amphora has beside the agent; each is a link to the program. */
const LINKS = [
  "amphora-agent",
  "amphora-interface",
  "haproxy-vrrp-check",
  "amphora-health-checker",
  "lvs-masquerade.sh",
];
const SCRIPTS = {
  "haproxy-vrrp-check": "agent/cli/haproxy-vrrp-check.sh",
  "amphora-health-checker": "agent/cli/amphora-health-checker.pl",
  "lvs-masquerade.sh": "elements/amphora-agent/static/usr/local/bin/lvs-masquerade.sh",
} as const;

process.chdir(ROOT);
await rm(OUTPUT, { recursive: true, force: true });
await mkdir(join(WORK, "program"));
await mkdir(OUTPUT, { recursive: true });

const chunks = await writeChunks();
for (const [name, source] of Object.entries(WORKERS))
  await writeFile(join(WORK, `program/${name}.js`), await scriptOf(source));
await writeFile(join(WORK, "main.js"), await scriptOf("agent/single-file.ts"));
for (const [name, source] of Object.entries(SCRIPTS)) await cp(source, join(WORK, "program", name));
await execa(process.execPath, [
  ...BINARY_V8_FLAGS,
  "--hash-seed=1",
  "scripts/compile-chunks.ts",
  WORK,
  ...chunks,
]);
// Not with the fixed seed above: as the executable will run.
await execa(process.execPath, [...BINARY_V8_FLAGS, "scripts/compile-chunks.ts", WORK]);
await makeExecutable();
for (const name of LINKS) await symlink("amphora", join(OUTPUT, name));
await rm(WORK, { recursive: true });

/**
 * Chunks as the bundler splits them, rewritten from modules to scripts: Node loads modules from files only.
 * @returns those whose compiled code is worth its space
 */
async function writeChunks(): Promise<string[]> {
  const { outputFiles } = await build({ ...BUNDLE, write: false, entryPoints: { cli: "agent/cli/main.ts" } });
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      format: "cjs",
      platform: "node",
      target: "node26",
      minifyWhitespace: true,
      minifySyntax: true,
      // Other chunks are at hand: nothing to wait for.
      supported: { "dynamic-import": false },
      define: { "import.meta.url": "programUrl" },
    });
    const script = `(function(require,module,exports,programUrl){${code.replace(/^#!.*\n/, "")}})`;
    await writeFile(join(WORK, "program", basename(path)), script);
  }
  return outputFiles.map(({ path }) => basename(path)).filter((name) => COMPILED_CHUNK.test(name));
}

/** A source with all that it imports, as one script. */
async function scriptOf(source: string): Promise<string> {
  const { splitting: _, chunkNames: __, ...options } = BUNDLE;
  const script = { format: "cjs", logOverride: { "empty-import-meta": "silent" }, write: false } as const;
  const { outputFiles } = await build({ ...options, ...script, entryPoints: [source] });
  return outputFiles[0]?.text ?? "";
}

async function makeExecutable(): Promise<void> {
  const node = join(WORK, "node");
  await cp(process.execPath, node);
  // Symbols are a fifth of it. Before the program is put in: strip(1) would not know what that is.
  await execa("strip", [node]);
  const assets: Record<string, string> = { "package.json": join(ROOT, "package.json") };
  for (const file of await readdir(join(WORK, "program")))
    assets[`program/${file}`] = join(WORK, "program", file);
  const templates = await readdir("templates", { recursive: true });
  for (const file of templates.filter((name) => name.endsWith(".hbs")))
    assets[`templates/${file}`] = join(ROOT, "templates", file);
  const sorted = Object.fromEntries(Object.entries(assets).sort(([a], [b]) => (a < b ? -1 : 1)));
  const config = {
    // The executable remembers this name.
    main: "main.js",
    output: "amphora",
    executable: node,
    disableExperimentalSEAWarning: true,
    useCodeCache: false,
    execArgv: BINARY_V8_FLAGS,
    execArgvExtension: "none",
    assets: sorted,
  };
  await writeFile(join(WORK, "config.json"), JSON.stringify(config));
  await execa(process.execPath, ["--build-sea", "config.json"], { cwd: WORK });
  // Copied, since of the file that Node writes the kernel keeps larger pieces in memory (docs/image.md).
  const output = join(OUTPUT, "amphora");
  await pipeline(createReadStream(join(WORK, config.output)), createWriteStream(output, { mode: 0o755 }));
  const program = await readFile(output);
  const sum = createHash("sha256").update(program).digest("hex");
  console.log(`${output}: ${(program.length / 1e6).toFixed(1)} MB, SHA-256 ${sum}`);
}
