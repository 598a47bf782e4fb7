/** What HAProxy thinks of the texts that we render: the same as of those that upstream renders. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { promisify } from "node:util";
import { checkDocument } from "../../agent/render/document/parse-document.ts";
import { renderDocument } from "../../agent/render/documents.ts";
import vectorIndex from "../vectors/rendering/index.json" with { type: "json" };

const VECTORS = new URL("../vectors/rendering/", import.meta.url);
/** Of files of certificates; what is in them is no matter of rendering. */
const FILE_OPTION = /\b(crt-list|crt|ca-file|crl-file) \S+/g;
/** A rootless host cannot raise the limit of open files. */
const CONNECTIONS = /\b(maxconn|fullconn) \d+/g;
const run = promisify(execFile);

test("HAProxy accepts every text whose counterpart of upstream it accepts, and no other", async (t) => {
  const folder = await mkdtemp("/tmp/render-haproxy-");
  t.after(() => rm(folder, { recursive: true }));
  await makeCertificate(folder);
  const verdicts = new Map(vectorIndex.vectors.map(({ file, haproxy_check }) => [file, haproxy_check]));
  const counts = { valid: 0, rejected: 0 };
  for (const file of (await readdir(new URL("haproxy/", VECTORS))).sort()) {
    const { document } = JSON.parse(await readFile(new URL(`haproxy/${file}`, VECTORS), "utf8")) as {
      document: unknown;
    };
    const text = await renderDocument(checkDocument(document));
    const { verdict, output } = await haproxyCheck(text, folder);
    assert.equal(verdict, verdicts.get(`haproxy/${file}`), `${file}: ${output}`);
    counts[verdict] += 1;
  }
  t.diagnostic(`${counts.valid} accepted and ${counts.rejected} refused, as upstream's`);
  assert.ok(counts.valid > 0 && counts.rejected > 0);
});

async function haproxyCheck(text: string, folder: string) {
  const config = `${folder}/haproxy.cfg`;
  await writeFile(
    config,
    text
      .replace(FILE_OPTION, (_, option: string) => `${option} ${folder}/${option}`)
      .replace(CONNECTIONS, "$1 100"),
  );
  try {
    await run("haproxy", ["-c", "-q", "-f", config], { timeout: 20_000 });
    return { verdict: "valid", output: "" } as const;
  } catch (error) {
    if (!(error instanceof Error) || !("stderr" in error) || !("code" in error) || error.code !== 1)
      throw error;
    return { verdict: "rejected", output: String(error.stderr) } as const;
  }
}

/** One certificate is everybody's: server, client, authority. */
async function makeCertificate(folder: string): Promise<void> {
  const [key, certificate] = [`${folder}/key`, `${folder}/ca-file`];
  const openssl = (...args: readonly string[]) => run("openssl", args, { timeout: 20_000 });
  await openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-subj",
    "/CN=a",
    "-keyout",
    key,
    "-out",
    certificate,
  );
  const pem = (await readFile(certificate, "utf8")) + (await readFile(key, "utf8"));
  await writeFile(`${folder}/crt`, pem);
  await writeFile(`${folder}/crt-list`, `${folder}/crt\n`);
  await writeFile(`${folder}/index`, "");
  await writeFile(
    `${folder}/ca.cnf`,
    `[ca]\ndefault_ca=a\n[a]\ndatabase=${folder}/index\ndefault_md=sha256\ndefault_crl_days=1\n`,
  );
  const authority = ["-keyfile", key, "-cert", certificate];
  await openssl("ca", "-config", `${folder}/ca.cnf`, ...authority, "-gencrl", "-out", `${folder}/crl-file`);
}
