/**
 * The doctor on the sandbox: silent while all is well, and each fault by its name. Needs no root; `--record DIRECTORY`
 * as in diagnosis.test.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { after, before, suite } from "node:test";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { FABRIC, VIP_NETWORK } from "../../agent/sandbox/scene.ts";
import { until } from "../integration/systemd-lab.ts";
import { testPlace } from "./diagnosis.ts";
import { faultsFor, type Place } from "./faults.ts";

const { values: options } = parseArgs({ options: { record: { type: "string" } } });
const PROGRAM = [process.execPath, new URL("../../agent/cli/main.ts", import.meta.url).pathname];
const ADDRESS = VIP_NETWORK.v4.vrrpIp;
/** From the client's host to the agent's own. */
const OUTSIDE = ["nsenter", "--target", "1", "--net", "--mount", "--", "bash", "-ec"];

const place: Place = {
  name: "sandbox",
  async shell(script) {
    const [file = "", ...words] = PROGRAM;
    const { stdout } = await execa(file, [...words, "sandbox", "exec", "--", ...OUTSIDE, script], {
      timeout: 60_000,
      input: "",
    });
    return stdout;
  },
  amphora: PROGRAM.join(" "),
  node: process.execPath,
  address: ADDRESS,
  memberPort: 8080,
  duplicate: (state) => {
    const action = state === "on" ? "add" : "del";
    return place.shell(
      `switch=$(ip -n ${FABRIC} -o address show to ${VIP_NETWORK.v4.gateway} | cut -d' ' -f2)
      ip -n ${FABRIC} address ${action} ${ADDRESS}/32 dev $switch`,
    );
  },
  hasSystemd: false,
};

suite("the doctor on the sandbox", () => {
  let sandbox: ChildProcess;

  before(async () => {
    const [file = "", ...words] = PROGRAM;
    sandbox = spawn(file, [...words, "sandbox"], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    sandbox.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    await until("a sandbox at work", async () => output.includes("Send a request:"));
  });

  after(async () => {
    if (sandbox.exitCode !== null || sandbox.signalCode !== null) return;
    const ended = once(sandbox, "exit");
    sandbox.kill("SIGINT");
    await ended;
  });

  testPlace("names every fault, and is silent without one", {
    place: () => place,
    faults: () => faultsFor(place),
    directory: options.record,
  });
});
