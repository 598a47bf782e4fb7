/** The manual page amphora(8), from the command table: what `--help` says of each command. */
import { commandLine } from "../agent/cli/amphora.ts";

/** So that it fits 80 columns with what `man` puts in front. */
const WIDTH = 70;
const HIDDEN = new Set(["completion"]);

/** @returns the page in the language of man(7) */
export async function describeCommands(version: string): Promise<string> {
  const overview = await helpOf([]);
  const names = Array.from(overview.matchAll(/^ {2}amphora ([a-z][a-z-]*)/gm), ([, name = ""]) => name);
  const commands = await Promise.all(
    [...new Set(names)]
      .filter((name) => !HIDDEN.has(name))
      .map(async (name) => ({ name, help: await helpOf([name]) })),
  );
  return [
    `.\\" Written by \`npm run docs\`; edit the code, not this page.`,
    `.TH AMPHORA 8 "" "amphora-agent ${version}" "Octavia amphora"`,
    ".SH NAME",
    "amphora \\- agent and data-plane supervisor of an Octavia amphora",
    ".SH SYNOPSIS",
    ".B amphora",
    ".I COMMAND",
    "[\\fIOPTION\\fR...]",
    ".SH DESCRIPTION",
    ...literal(overview.slice(overview.indexOf("Commands:"))),
    ".SH COMMANDS",
    ...commands.flatMap(({ name, help }) => [`.SS "amphora ${name}"`, ...literal(help)]),
    ".SH FILES",
    ...files,
    ".SH SEE ALSO",
    ".BR haproxy (1),",
    ".BR keepalived (8),",
    ".BR ip\\-netns (8),",
    ".BR journalctl (1)",
    "",
  ].join("\n");
}

const files = [
  ["/etc/octavia/amphora-agent.conf", "configuration, which the controller replaces"],
  ["/etc/octavia/interfaces/*.json", "a file for each interface of the namespace"],
  ["/var/lib/octavia/", "load balancers, certificates, keepalived"],
  ["/run/amphora-agent.sock", "where the agent answers to the commands; root's alone"],
].flatMap(([path = "", text = ""]) => [".TP", `.I ${escapeLine(path)}`, escapeLine(text)]);

/** @returns what a person reads with `--help` */
async function helpOf(words: readonly string[]): Promise<string> {
  const given = [...words, "--help"];
  const parser = await commandLine(given, () => undefined, WIDTH);
  const { promise, resolve } = Promise.withResolvers<string>();
  await parser.parse(given, {}, (_error, _argv, output) => resolve(output));
  return promise;
}

/** Lines as they are. */
function literal(text: string): string[] {
  return [".nf", ...text.trimEnd().split("\n").map(escapeLine), ".fi"];
}

/** So that no character means anything to man(7): a backslash, a hyphen, a point or quote at the beginning. */
function escapeLine(line: string): string {
  return line
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/, "\\&$1");
}
