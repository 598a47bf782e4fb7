/**
 * Writes the parts of docs/ that come from code: the configuration reference, the list of log
 * events, the description of the API and the manual page. With --check nothing is written, and a stale page is an error.
 */
import { globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { configFields, OPTIONS } from "../agent/config/options.ts";
import { describeCommands } from "./man-page.ts";
import { describeApi } from "./openapi.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const NOTICE = "<!-- Written by `npm run docs`; edit the code, not this page. -->";

const pages: Record<string, string> = {
  "docs/configuration.md": configurationPage(),
  "docs/logging.md": await loggingPage(),
  "docs/openapi.json": `${JSON.stringify(describeApi(await programVersion()), null, 2)}\n`,
  "docs/man/amphora.8": await describeCommands(await programVersion()),
};
const stale: string[] = [];
for (const [path, text] of Object.entries(pages)) {
  const current = await readFile(`${ROOT}${path}`, "utf8").catch(() => "");
  if (current === text) continue;
  stale.push(path);
  if (!process.argv.includes("--check")) await writeFile(`${ROOT}${path}`, text);
}
if (process.argv.includes("--check") && stale.length > 0) {
  console.error(`stale: ${stale.join(", ")}; run: npm run docs`);
  process.exitCode = 1;
}

async function programVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(`${ROOT}package.json`, "utf8")) as { version: string };
  return version;
}

function configurationPage(): string {
  const rows = configFields().map((field) => {
    const { sections, name, fallback, mutable, help } = OPTIONS[field];
    const where = sections.map((section) => `\`[${section}]\``).join(", else ");
    const initial = fallback === undefined || String(fallback) === "" ? "none" : `\`${String(fallback)}\``;
    return `| ${where} | \`${name}\` | ${initial} | ${mutable ? "at once" : "at the next start"} | ${help} |`;
  });
  return `# Configuration

${NOTICE}

The agent reads the file that controllers generate: \`amphora-agent.conf\`, in oslo.config's INI format. It takes the
files given with \`--config-file\` (several: later ones win), or else looks for \`octavia.conf\` and then
\`amphora-agent.conf\`, each in \`~/.octavia/\`, \`~/\`, \`/etc/octavia/\`, \`/etc/\`. Option names may be written with \`-\` or
\`_\`. An unknown option is a warning in the log, with the nearest known one; a value that cannot be parsed is an error
that names file, line, option and what was expected, and the agent does not start with it.

A controller replaces the file with \`PUT /1.0/config\`. The last column but one says which options then take effect at
once. A file that does not parse is refused, and the old one stays.

| Section | Option | Default | A change takes effect | |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

async function loggingPage(): Promise<string> {
  const events = new Map<string, Set<string>>();
  for (const path of globSync("agent/**/*.ts", { cwd: ROOT })) {
    const source = await readFile(`${ROOT}${path}`, "utf8");
    for (const [, event = ""] of source.matchAll(/["'`]([a-z-]+\.(?:[a-z-]+|\$\{\w+\})\.[a-z-]+)["'`]/g)) {
      const part = path.split("/")[1] ?? "";
      events.set(
        event.replace(/\$\{(\w+)\}/, "<$1>"),
        (events.get(event) ?? new Set()).add(part.replace(".ts", "")),
      );
    }
  }
  const rows = [...events]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([event, parts]) => `| \`${event}\` | ${[...parts].join(", ")} |`);
  return `# Logging

${NOTICE}

One JSON object per line on standard output, which journald keeps; readable lines when standard output is a terminal.
With \`use_syslog\` the same lines also go to the facility \`local<administrative_log_facility>\` of the socket
\`/run/rsyslog/octavia/log\`, or of the machine's own syslog where that socket does not exist.

| Field | Holds |
|---|---|
| \`level\` | 20 debug, 30 info (a change, or a refused request), 40 warn (degraded), 50 error (somebody must act), 60 fatal (the agent ends) |
| \`time\` | milliseconds since 1970 |
| \`component\` | which part of the agent speaks |
| \`event\` | what happened, \`<subject>.<action>.<outcome>\`; stable, made for searching |
| \`msg\` | the same for people |
| \`err\` | an error with its stack |

Keys, certificates and the heartbeat key are never logged. Read it with \`journalctl -u amphora-agent -o cat | npx pino-pretty\`.

## Events

| Event | Part |
|---|---|
${rows.join("\n")}
`;
}
