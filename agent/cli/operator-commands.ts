/** The commands for whoever is logged in on an amphora: a row each, its code is loaded when it runs. */
import type { CommandModule } from "yargs";
import { SORT_KEYS } from "../top/types.ts";
import { afterDashes, CONFIG_FILE_OPTION, UsageError } from "./command-line.ts";
import { LOG_SOURCES } from "./plan-logs.ts";

/** @param finish - takes the exit code */
export function operatorCommands(finish: (code: number) => void): CommandModule[] {
  return [
    status(finish),
    top(finish),
    doctor(finish),
    exec(finish),
    shell(finish),
    haproxy(finish),
    diff(finish),
    history(finish),
    heartbeat(finish),
    logs(finish),
  ];
}

type Finish = (code: number) => void;

/** yargs knows the arguments' types inside a command, and forgets them where commands stand in a list. */
function row<Args>(module: CommandModule<unknown, Args>): CommandModule {
  return module as unknown as CommandModule;
}

function status(finish: Finish): CommandModule {
  return row({
    command: "status",
    describe: "Show how this amphora is, and what is wrong; works without the agent too",
    builder: (command) =>
      command
        .option("json", { type: "boolean", default: false, describe: "As JSON (docs/status.md)" })
        .option("all", { type: "boolean", default: false, describe: "Every member, however many" })
        .option("config-file", CONFIG_FILE_OPTION)
        .example("$0 status", "One screen; what is wrong stands at the end")
        .example("$0 status --json | jq .problems", "The same for programs")
        .epilogue("Exit codes: 0 nothing is wrong; 1 failed; 2 wrong usage; 3 something is wrong."),
    handler: async (settings) => {
      const { statusCommand } = await import("./status.ts");
      finish(await statusCommand(settings));
    },
  });
}

function top(finish: Finish): CommandModule {
  return row({
    command: "top",
    describe: "Watch listeners and members at work",
    builder: (command) =>
      command
        .option("interval", { alias: "d", type: "number", default: 2, describe: "Seconds between two looks" })
        .option("sort", { choices: SORT_KEYS, default: "requests" as const, describe: "Members by this" })
        .option("once", { type: "boolean", default: false, describe: "One screen as text, then end" })
        .option("config-file", CONFIG_FILE_OPTION)
        .check(({ interval }) => {
          if (interval >= 0.1 && interval <= 3_600) return true;
          throw new UsageError("--interval: from 0.1 to 3600 seconds");
        })
        .example("$0 top --sort errors", "Who fails most stands first")
        .example("$0 top -d 10", "Over a slow line; only what changes is sent")
        .epilogue(
          "Keys: r e u l c sort by requests, errors, queue, latency, connections; i inverts; arrows, j, k, page up and down, space move; p pauses; q quits. MS is the time from the queue to the beginning of the answer, a mean of the last 1,024 requests.",
        ),
    handler: async (settings) => {
      const { topCommand } = await import("./top.ts");
      finish(await topCommand(settings));
    },
  });
}

function doctor(finish: Finish): CommandModule {
  return row({
    command: "doctor",
    describe: "Find out what is wrong with this amphora, and what to do about it",
    builder: (command) =>
      command
        .option("json", { type: "boolean", default: false, describe: "The findings as JSON" })
        .option("all", { type: "boolean", default: false, describe: "Every finding, however many of a kind" })
        .option("report", {
          type: "string",
          requiresArg: true,
          describe: "Also write what a bug report needs, without secrets (.tgz)",
        })
        .option("config-file", CONFIG_FILE_OPTION)
        .example("$0 doctor", "One line on a healthy amphora")
        .example("$0 doctor --report /tmp/amphora.tgz", "What to attach to a bug report")
        .epilogue(
          "Nothing is changed. Members are connected to and pinged, their networks asked for duplicates of our addresses, and controllers get an empty datagram, which they log and ignore. Exit codes: 0 healthy; 1 warnings; 2 failures; 3 not examined.",
        ),
    handler: async (settings) => {
      const { doctorCommand } = await import("./doctor.ts");
      finish(await doctorCommand(settings));
    },
  });
}

function exec(finish: Finish): CommandModule {
  return row({
    command: "exec [words..]",
    describe: "Run a command inside the namespace, where the VIP and the members are",
    builder: (command) =>
      command
        .positional("words", { type: "string", array: true, default: [] as string[] })
        .example("$0 exec ip -br addr", "Addresses of the interfaces")
        .example("$0 exec -- curl -v http://10.0.0.10:8080/", "What a member answers")
        .epilogue("The exit code is the command's; 126 it may not be run, 127 there is no such program."),
    handler: async (argv) => {
      const { execInside } = await import("./namespace.ts");
      finish(await execInside([...argv.words, ...afterDashes(argv)]));
    },
  });
}

function shell(finish: Finish): CommandModule {
  return row({
    command: "shell",
    describe: "Open a shell inside the namespace",
    builder: (command) => command.epilogue("The shell is $SHELL; the exit code is the shell's."),
    handler: async () => {
      const { shellInside } = await import("./namespace.ts");
      finish(await shellInside());
    },
  });
}

function haproxy(finish: Finish): CommandModule {
  return row({
    command: "haproxy [words..]",
    describe: "Give a load balancer's HAProxy a command of its runtime API",
    builder: (command) =>
      command
        .positional("words", { type: "string", array: true, default: [] as string[] })
        .option("load-balancer", { type: "string", describe: "Id; needed where there are several" })
        .option("master", {
          type: "boolean",
          default: false,
          describe: "Ask the master process, which starts the workers",
        })
        .option("config-file", CONFIG_FILE_OPTION)
        .example("$0 haproxy show info", "Version, uptime, connections, limits")
        .example("$0 haproxy show servers state", "Every member as HAProxy sees it")
        .example("$0 haproxy --master show proc", "Workers, old ones too")
        .epilogue(
          "Exit codes: 0 done; 1 HAProxy refused, or does not answer. What changes something is refused where the controller's configuration gives the socket the level of a user.",
        ),
    handler: async (settings) => {
      const { haproxyCommand } = await import("./haproxy.ts");
      const words = [...settings.words, ...afterDashes(settings)];
      finish(await haproxyCommand({ ...settings, words }));
    },
  });
}

function diff(finish: Finish): CommandModule {
  return row({
    command: "diff",
    describe: "Show what the next reload of a load balancer would change",
    builder: (command) =>
      command
        .option("load-balancer", { type: "string", describe: "Id; needed where there are several" })
        .option("json", { type: "boolean", default: false })
        .option("config-file", CONFIG_FILE_OPTION)
        .epilogue(
          "Exit codes: 0 HAProxy works with what was uploaded; 1 failed; 2 wrong usage; 3 it does not.",
        ),
    handler: async (settings) => {
      const { diffCommand } = await import("./changes.ts");
      finish(await diffCommand(settings));
    },
  });
}

function history(finish: Finish): CommandModule {
  return row({
    command: "history",
    describe: "Show the last 20 changes of a load balancer: when, what, how, how long",
    builder: (command) =>
      command
        .option("load-balancer", { type: "string", describe: "Id; needed where there are several" })
        .option("json", { type: "boolean", default: false })
        .option("config-file", CONFIG_FILE_OPTION),
    handler: async (settings) => {
      const { historyCommand } = await import("./changes.ts");
      finish(await historyCommand(settings));
    },
  });
}

function heartbeat(finish: Finish): CommandModule {
  return row({
    command: "heartbeat",
    describe: "Show the next heartbeat, decoded",
    builder: (command) =>
      command
        .option("print", {
          type: "boolean",
          demandOption: true,
          describe: "Print the message; nothing is sent",
        })
        .option("config-file", CONFIG_FILE_OPTION)
        .example("$0 heartbeat --print | jq .pools", "What controllers hear of pools and members")
        .epilogue(
          "Standard output has the message, standard error where it goes and what would keep it from being sent. Exit codes: 0 it would be sent; 1 it would not.",
        ),
    handler: async ({ configFile }) => {
      const { printHeartbeat } = await import("./heartbeat.ts");
      finish(await printHeartbeat(configFile));
    },
  });
}

function logs(finish: Finish): CommandModule {
  return row({
    command: "logs [sources..]",
    describe: "Show what the agent, HAProxy and keepalived have written",
    builder: (command) =>
      command
        .positional("sources", {
          choices: LOG_SOURCES,
          array: true,
          default: [] as (typeof LOG_SOURCES)[number][],
          describe: "All of them unless given",
        })
        .option("follow", { alias: "f", type: "boolean", default: false, describe: "Go on as lines come" })
        .option("lines", { alias: "n", type: "number", default: 100, describe: "The last so many" })
        .option("since", { type: "string", describe: "In place of a number; as journalctl takes it" })
        .option("config-file", CONFIG_FILE_OPTION)
        .check(({ lines }) => {
          if (Number.isSafeInteger(lines) && lines >= 0) return true;
          throw new UsageError("--lines: a whole number");
        })
        .example("$0 logs -f", "Everything, as it is written")
        .example('$0 logs keepalived --since "1 hour ago"', "Why the VIP has moved"),
    handler: async ({ configFile, ...request }) => {
      const { logsCommand } = await import("./logs.ts");
      finish(await logsCommand(configFile, request));
    },
  });
}
