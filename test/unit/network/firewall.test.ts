import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import { closePort, replaceRules } from "../../../agent/network/firewall.ts";
import { BASE_FIREWALL, renderFirewall } from "../../../agent/network/render-firewall.ts";
import { readIfPresent, replaceFile } from "../../../agent/system/files.ts";
import { removeDirectory } from "../../../agent/system/removal.ts";

const RULES = [{ protocol: "TCP", cidr: "10.0.0.0/24", port: 80 }];
const OLD = "table inet amphora_table { }\n";

/** @param refuses - whether nft, called with these arguments, fails */
async function aFirewall(t: TestContext, refuses: (args: string) => boolean = () => false) {
  const directory = await mkdtemp(`${tmpdir()}/amphora-firewall-`);
  t.after(() => removeDirectory(directory));
  const file = `${directory}/rules`;
  const calls: string[] = [];
  const exec = async (_program: string, args: readonly string[]) => {
    calls.push(args.join(" ").replace(file, "FILE"));
    const exitCode = refuses(calls.at(-1) ?? "") ? 1 : 0;
    return { exitCode, stdout: "", output: "Error: Could not process rule\n" };
  };
  const read = async () => (await readIfPresent(file))?.toString();
  return { options: { netns: { exec }, replaceFile, file }, calls, read };
}

test("rules are checked, written for root alone, and loaded", async (t) => {
  const { options, calls, read } = await aFirewall(t);
  await writeFile(options.file, OLD);
  await chmod(options.file, 0o644);
  await replaceRules(options, RULES);
  assert.match((await read()) ?? "", /^ {6}ip saddr 10\.0\.0\.0\/24 tcp dport 80 accept$/m);
  assert.equal((await stat(options.file)).mode & 0o777, 0o600);
  assert.deepEqual(calls, ["-c -f -", "-o -f FILE"]);
});

test("rules that nft refuses leave the file as it was, and are a failure without words", async (t) => {
  const { options, calls, read } = await aFirewall(t, (args) => args.startsWith("-c"));
  await writeFile(options.file, OLD);
  const failure = (error: unknown) =>
    !(error instanceof AgentError) && /Could not process/.test(String(error));
  await assert.rejects(replaceRules(options, RULES), failure);
  assert.equal(await read(), OLD);
  assert.deepEqual(calls, ["-c -f -"]);
});

test("rules that pass the check and then do not load leave the file as it was", async (t) => {
  const { options, read } = await aFirewall(t, (args) => !args.startsWith("-c"));
  await assert.rejects(replaceRules(options, RULES));
  assert.equal(await read(), undefined);
  await writeFile(options.file, OLD);
  await assert.rejects(replaceRules(options, RULES));
  assert.equal(await read(), OLD);
});

test("rules that nft cannot merge are loaded unmerged", async (t) => {
  const { options, calls } = await aFirewall(t, (args) => args.startsWith("-o"));
  await replaceRules(options, RULES);
  assert.deepEqual(calls, ["-c -f -", "-o -f FILE", "-f FILE"]);
});

test("a wrong body asks nothing of nft and changes nothing", async (t) => {
  const { options, calls, read } = await aFirewall(t);
  await assert.rejects(replaceRules(options, [{ protocol: "TCP", cidr: null, port: 80.5 }]), AgentError);
  assert.deepEqual([await read(), calls], [undefined, []]);
});

test("an empty list closes what was open", async (t) => {
  const { options, read } = await aFirewall(t);
  await replaceRules(options, RULES);
  await replaceRules(options, []);
  assert.equal(await read(), renderFirewall([]));
});

test("a port that comes up gets the base firewall, or keeps the rules that are there", async (t) => {
  const { options, calls } = await aFirewall(t);
  await closePort(options);
  assert.equal(await readFile(options.file, "utf8"), BASE_FIREWALL);
  await replaceRules(options, RULES);
  const rules = await readFile(options.file, "utf8");
  await closePort(options);
  assert.equal(await readFile(options.file, "utf8"), rules);
  assert.equal(calls.at(-1), "-o -f FILE");
});
