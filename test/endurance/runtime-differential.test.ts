/**
 * Random pairs of load balancers: one runs, the other one is uploaded and reloaded. Afterwards HAProxy has to be what
 * a HAProxy that was started with the other one is, by whatever way it came there.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { readHistory } from "../../agent/loadbalancer/runtime/history.ts";
import { settledServersState } from "../../agent/loadbalancer/runtime/parse-servers-state.ts";
import { checkDocument } from "../../agent/render/document/parse-document.ts";
import { renderDocument } from "../../agent/render/documents.ts";
import { sendSignal, startDetached } from "../../agent/system/detached.ts";
import { ask } from "../../agent/system/unix-socket.ts";
import { AMPHORA, anAgent, filesOf, furnish, HAPROXY, until } from "../integration/loadbalancer-host.ts";
import vectorIndex from "../vectors/rendering/index.json" with { type: "json" };
import { IS_FULL, SEED } from "./form.ts";
import { type LoadBalancerDocument, mutated } from "./mutations.ts";
import { Random } from "./random.ts";

const PAIRS = IS_FULL ? 600 : 40;
const STEPS = 8;
const VARIANTS = 4;
const VECTORS = new URL("../vectors/rendering/", import.meta.url);
const FRESH = "/run/fresh";
const FILE_OPTION = /\b(crt-list|crt|ca-file|crl-file) (\S+)/g;
/** A rootless host cannot raise the limit of open files. */
const CONNECTIONS = /\b(maxconn|fullconn) (\d{4,})/g;
const run = promisify(execFile);
const inNamespace = (...words: string[]) => run("ip", ["netns", "exec", "amphora-haproxy", ...words]);

const host = await furnish();
const agent = await anAgent();
const { loadBalancers } = agent;
await mkdir(FRESH, { recursive: true });
await makeCertificates();
for (const family of ["ipv4", "ipv6"])
  await inNamespace("sysctl", "-q", "-w", `net.${family}.ip_nonlocal_bind=1`);
after(async () => {
  await agent.supervisor.close();
  await host[Symbol.asyncDispose]();
});

test(`HAProxy is the same after ${PAIRS} changes as when it starts with the result`, async (t) => {
  const random = new Random(SEED);
  const usable = vectorIndex.vectors.filter(
    ({ file, haproxy_check }) => file.startsWith("haproxy/") && haproxy_check === "valid",
  );
  const counts = new Map<string, number>();
  let pairs = 0;
  while (pairs < PAIRS) {
    const { file } = random.pick(usable);
    const { document } = JSON.parse(await readFile(new URL(file, VECTORS), "utf8")) as {
      document: LoadBalancerDocument;
    };
    pairs += await chain(document, random, counts, PAIRS - pairs);
  }
  t.diagnostic(`seed ${SEED}: ${[...counts].map(([how, count]) => `${count} ${how}`).join(", ")}`);
  assert.ok((counts.get("runtime") ?? 0) > 0 && (counts.get("reload") ?? 0) > 0, "both ways were gone");
});

/** @returns how many changes were made */
async function chain(
  first: LoadBalancerDocument,
  random: Random,
  counts: Map<string, number>,
  most: number,
): Promise<number> {
  const id = first.loadbalancer.loadbalancer_id;
  const files = filesOf(id);
  let text = await textOf(first);
  // A load balancer of which nothing is enabled has nothing to compare.
  if (text === undefined || !text.includes("frontend ")) return 0;
  await upload(id, text);
  await loadBalancers.act(id, "start");
  let document = first;
  let made = 0;
  for (; made < Math.min(STEPS, most); made += 1) {
    const next = mutated(document, random);
    const wanted = await textOf(next);
    if (wanted === undefined || !(await upload(id, wanted))) continue;
    if (wanted.includes(" ssl crt") && random.chance(0.4)) await replaceCertificate(wanted, random);
    const before = (await readHistory(files)).at(-1);
    await loadBalancers.act(id, "reload");
    const entry = (await readHistory(files)).at(-1);
    const how = entry?.at === before?.at && entry?.how === before?.how ? "unchanged" : (entry?.how ?? "");
    counts.set(how, (counts.get(how) ?? 0) + 1);
    const fresh = await observeFresh(id, wanted);
    const seen = await observe(files.adminSocket);
    assert.deepEqual(
      seen,
      fresh,
      `pair ${made} of ${id}, by ${how}: ${JSON.stringify(entry)}\n${text}\n=====\n${wanted}`,
    );
    [document, text] = [next, wanted];
  }
  await loadBalancers.delete(id);
  return made;
}

async function textOf(document: LoadBalancerDocument): Promise<string | undefined> {
  const text = (await renderDocument(checkDocument(document))).replace(
    CONNECTIONS,
    (_, word: string) => `${word} 500`,
  );
  for (const [, option = "", path = ""] of text.matchAll(FILE_OPTION)) {
    if (known.has(path)) continue;
    known.add(path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await contentOf(option));
  }
  return text;
}

/** Files that are there, with whatever has become of them. */
const known = new Set<string>();
/** What each list of certificates names. */
const lists = new Map<string, string[]>();

async function contentOf(option: string): Promise<Buffer | string> {
  if (option === "crt-list") return `${entry(1)}\n`;
  return readFile(option === "crt" ? `${FRESH}/crt-1` : `${FRESH}/${option}`);
}

/** What may happen to certificates: new ones under the same name, more and fewer in a list, another default. */
async function replaceCertificate(text: string, random: Random): Promise<void> {
  const [, option = "", path = ""] = random.pick([...text.matchAll(FILE_OPTION)]);
  const another = () => readFile(`${FRESH}/crt-${1 + random.below(VARIANTS)}`);
  if (option === "crt") await writeFile(path, await another());
  if (option !== "crt-list") return;
  const names = lists.get(path) ?? [entry(1)];
  const free = Array.from({ length: VARIANTS }, (_, index) => entry(index + 1)).filter(
    (name) => !names.includes(name),
  );
  const kind = random.weighted([
    [3, "content"],
    [3, "more"],
    [3, "less"],
    [1, "default"],
  ] as const);
  if (kind === "content") await writeFile(random.pick(names), await another());
  else if (kind === "more" && free.length > 0) names.push(random.pick(free));
  else if (kind === "less" && names.length > 1) names.splice(1 + random.below(names.length - 1), 1);
  else if (kind === "default") names.reverse();
  lists.set(path, names);
  await writeFile(path, `${names.join("\n")}\n`);
}

function entry(number: number): string {
  return `${FRESH}/entry-${number}`;
}

/** @returns whether HAProxy accepts it */
async function upload(id: string, text: string): Promise<boolean> {
  return loadBalancers.upload(AMPHORA, id, Buffer.from(text)).then(
    () => true,
    (error: unknown) => {
      assert.match(String(error), /Invalid request/);
      return false;
    },
  );
}

/** What a HAProxy of its own shows that has just been started with this text. */
async function observeFresh(id: string, text: string): Promise<unknown> {
  const socket = `${FRESH}/admin.sock`;
  const files = filesOf(id);
  const own = text
    .replaceAll(`/var/lib/octavia/${id}.sock`, `${FRESH}/user.sock`)
    .replaceAll(files.serversState, `${FRESH}/no-state`)
    .replaceAll("    daemon\n", "");
  await writeFile(`${FRESH}/haproxy.cfg`, own);
  await writeFile(
    `${FRESH}/agent.cfg`,
    (await readFile(files.agentConfig, "utf8")).replaceAll(files.adminSocket, socket),
  );
  const peer = /^ {4}peer (\S+)/m.exec(text)?.[1] ?? "nobody";
  const command = [HAPROXY, "-db", "-L", peer, "-f", `${FRESH}/haproxy.cfg`, "-f", `${FRESH}/agent.cfg`];
  const child = await startDetached("ip", ["netns", "exec", "amphora-haproxy", ...command], `${FRESH}/out`);
  try {
    await until(async () =>
      (await ask(socket, "show info", { timeoutMs: 1_000 }).catch(() => ""))
        .toString()
        .includes(`Pid: ${child.pid}`),
    );
    return await observe(socket);
  } catch (error) {
    throw new Error(await readFile(`${FRESH}/out`, "utf8"), { cause: error });
  } finally {
    sendSignal(child.pid, "SIGKILL");
    await child.ended;
  }
}

/** All that HAProxy tells of its configuration, without what depends on time, order and numbering. */
async function observe(socket: string): Promise<unknown> {
  const answer = async (command: string) =>
    (await ask(socket, command, { timeoutMs: 5_000 })).toString("utf8").trim();
  const table = (text: string, separator: string, columns: readonly string[]) => {
    const [header = "", ...rows] = text.split("\n").filter((line) => line !== "1" && line !== "");
    const names = header.replace(/^# /, "").split(separator);
    return rows
      .map((row) => columns.map((column) => row.split(separator)[names.indexOf(column)]).join(" "))
      .sort();
  };
  const statistics = async (type: number, ...columns: string[]) =>
    table(await answer(`show stat -1 ${type} -1`), ",", columns);
  const certificates = (await answer("show ssl cert")).split("\n").filter((line) => line.startsWith("/"));
  const lists = (await answer("show ssl crt-list")).split("\n").filter((line) => line.startsWith("/"));
  // One after the other: HAProxy refuses to look at two certificates at once.
  const details = async (command: string, names: string[]) => {
    const answers: string[] = [];
    for (const name of names.sort()) answers.push(await answer(`${command} ${name}`));
    return answers;
  };
  return {
    servers: table(
      settledServersState(await answer("show servers state"), () => true),
      " ",
      [
        "be_name",
        "srv_name",
        "srv_addr",
        "srv_port",
        "srv_admin_state",
        "srv_uweight",
        "srv_iweight",
        "srv_fqdn",
        "srv_use_ssl",
        "srv_check_port",
        "srv_check_addr",
      ],
    ),
    // HAProxy gives a server in maintenance its new weight when it leaves it.
    weights: (await statistics(4, "pxname", "svname", "status", "weight")).map((row) =>
      row.replace(/ MAINT .*/, " MAINT").replace(/ (?:UP|DOWN|no check).* (?=\d+$)/, " "),
    ),
    frontends: await statistics(1, "pxname", "slim", "mode"),
    backends: await statistics(2, "pxname", "slim", "mode", "algo"),
    names: (await answer("show backend")).split("\n").sort(),
    certificates: await details("show ssl cert", certificates),
    lists: await details("show ssl crt-list", lists),
    tables: (await answer("show table"))
      .replace(/used:\d+/g, "")
      .split("\n")
      .sort(),
  };
}

async function makeCertificates(): Promise<void> {
  const openssl = (...args: readonly string[]) => run("openssl", args, { timeout: 20_000 });
  for (let variant = 1; variant <= VARIANTS; variant += 1) {
    const [key, certificate] = [`${FRESH}/key-${variant}`, `${FRESH}/cert-${variant}`];
    await openssl(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-subj",
      `/CN=${variant}`,
      "-keyout",
      key,
      "-out",
      certificate,
    );
    const pem = (await readFile(certificate, "utf8")) + (await readFile(key, "utf8"));
    await writeFile(`${FRESH}/crt-${variant}`, pem);
    await writeFile(entry(variant), pem);
  }
  await writeFile(`${FRESH}/ca-file`, await readFile(`${FRESH}/cert-1`));
  await writeFile(`${FRESH}/index`, "");
  await writeFile(
    `${FRESH}/ca.cnf`,
    `[ca]\ndefault_ca=a\n[a]\ndatabase=${FRESH}/index\ndefault_md=sha256\ndefault_crl_days=1\n`,
  );
  await openssl(
    "ca",
    "-config",
    `${FRESH}/ca.cnf`,
    "-keyfile",
    `${FRESH}/key-1`,
    "-cert",
    `${FRESH}/cert-1`,
    "-gencrl",
    "-out",
    `${FRESH}/crl-file`,
  );
}
