/** The `amphora` command line: one row per command, each loading its own code. */
import yargs, { type Argv } from "yargs";
import { asError } from "../errors.ts";
import { programVersion } from "../versions.ts";
import { afterDashes, CONFIG_FILE_OPTION, UsageError, withDashes } from "./command-line.ts";
import { operatorCommands } from "./operator-commands.ts";

/** Exit codes: 0 done, 1 failed, 2 wrong usage. */
const FAILED = 1;
const WRONG_USAGE = 2;

/** @returns the exit code */
export async function amphora(words: readonly string[]): Promise<number> {
  let exitCode = 0;
  const finish = (code: number) => {
    exitCode = code;
  };
  const parser = await commandLine(words, finish);
  try {
    await parser.parseAsync();
    return exitCode;
  } catch (error) {
    console.error(`amphora: ${asError(error).message}`);
    if (!(error instanceof UsageError)) return FAILED;
    console.error("Try: amphora --help");
    return WRONG_USAGE;
  }
}

/**
 * Every command there is, also for the manual page (scripts/man-page.ts).
 * @param finish - takes the exit code of a command
 * @param width - of its help, in columns
 */
export async function commandLine(
  words: readonly string[],
  finish: (code: number) => void,
  width = 80,
): Promise<Argv> {
  return yargs(withDashes(words))
    .scriptName("amphora")
    .parserConfiguration({ "populate--": true })
    .usage("$0 COMMAND\n\nAgent and data-plane supervisor of an Octavia amphora.")
    .command(
      "agent",
      "Serve the REST API and supervise the load balancers",
      (command) =>
        command.option("config-file", CONFIG_FILE_OPTION).option("config-drive", {
          type: "boolean",
          default: false,
          describe: "Set a new machine up from its config drive first; the image does that",
        }),
      async ({ configFile, configDrive }) => {
        const { agentCommand } = await import("./agent.ts");
        finish(await agentCommand({ configFiles: configFile, configDrive }));
      },
    )
    .command(
      "interface <action> <name>",
      "Bring an interface of the namespace up or down, from its interface file",
      (command) =>
        command
          .positional("action", { choices: ["up", "down"] as const, demandOption: true })
          .positional("name", { type: "string", demandOption: true, describe: "Interface, or all" })
          .option("config-file", CONFIG_FILE_OPTION),
      async ({ action, name, configFile }) => {
        const { interfaceCommand } = await import("./interface.ts");
        finish(await interfaceCommand([...configFile.map((file) => `--config-file=${file}`), action, name]));
      },
    )
    .command(
      "netns up",
      "Create the namespace, move plugged links into it and bring them up",
      (command) => command.option("config-file", CONFIG_FILE_OPTION),
      async ({ configFile }) => {
        const { netnsUp } = await import("./netns.ts");
        finish(await netnsUp(configFile));
      },
    )
    .command(
      "vrrp-check [sockets..]",
      "Ask HAProxy stats sockets whether they answer; the exit code counts those that do not",
      (command) => command.positional("sockets", { type: "string", array: true, default: [] as string[] }),
      async ({ sockets }) => {
        const { vrrpCheck } = await import("./vrrp-check.ts");
        finish(await vrrpCheck(sockets));
      },
    )
    .command(
      "render [file]",
      "Print the configuration that a rendering document stands for",
      (command) =>
        command
          .positional("file", { type: "string", describe: "Document; standard input without it" })
          .option("kind", { choices: KINDS, describe: "Refuse documents of another kind" })
          .option("jsonl", {
            type: "boolean",
            default: false,
            describe: 'A {"name","document"} per line in, {"name","output"} or {"name","error"} out',
          })
          .option("check", {
            type: "boolean",
            default: false,
            describe: "Ask haproxy -c or keepalived -t what it thinks of the text",
          })
          .option("explain", {
            type: "boolean",
            default: false,
            describe: "Say before each line which part of the document it comes from",
          })
          .example("$0 render lb.json > haproxy.cfg", "What a controller would have sent")
          .example("$0 render --check lb.json", "... and whether HAProxy accepts it")
          .example("$0 render --explain lb.json | grep maxconn", "Where a line comes from")
          .example("$0 render --jsonl < documents > texts", "Many documents, in order")
          .epilogue(
            "Exit codes: 0 done; 1 a document was refused or not read; 2 wrong usage; 3 HAProxy or keepalived does not accept the text. With --jsonl each line has its own error, and the exit code is 0.",
          ),
      async (settings) => {
        const { renderCommand } = await import("./render.ts");
        finish(await renderCommand(settings));
      },
    )
    .command(operatorCommands(finish))
    .command(
      "sandbox",
      "Watch a load balancer at work on this machine: no OpenStack, no root, nothing left behind",
      (command) =>
        command
          .option("once", {
            type: "boolean",
            default: false,
            describe: "Play the story, print a summary, exit",
          })
          .option("json", { type: "boolean", default: false, describe: "The summary as JSON" })
          .command(
            "exec [words..]",
            "Run a command on the client host of the running sandbox: amphora sandbox exec -- curl ...",
            (exec) => exec.positional("words", { type: "string", array: true, default: [] as string[] }),
            async (argv) => {
              const { sandboxExec } = await import("./sandbox.ts");
              finish(await sandboxExec([...argv.words, ...afterDashes(argv)]));
            },
          ),
      async ({ once, json }) => {
        const { sandbox } = await import("./sandbox.ts");
        finish(await sandbox({ once, json }));
      },
    )
    .command(
      "sandbox-actor <actor> <settings>",
      // Hidden: the sandbox starts these itself.
      false,
      (command) =>
        command
          .positional("actor", { type: "string", demandOption: true })
          .positional("settings", { type: "string", demandOption: true }),
      async ({ actor, settings }) => {
        const { sandboxActor } = await import("./sandbox.ts");
        finish(await sandboxActor(actor, settings));
      },
    )
    .completion("completion", 'Print a script that completes commands: eval "$(amphora completion)"')
    .demandCommand(1, "Which command?")
    .strict()
    .version(await programVersion())
    .help()
    .alias("help", "h")
    .wrap(width)
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      if (error) throw error;
      throw new UsageError(message ?? "wrong usage");
    });
}

const KINDS = ["haproxy", "keepalived-vrrp", "keepalived-lvs"] as const;
