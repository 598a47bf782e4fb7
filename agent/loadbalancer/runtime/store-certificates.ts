/** Certificates that HAProxy gets while it runs, and what it shows of them. */
import { X509Certificate } from "node:crypto";
import { AgentError } from "../../errors.ts";
import { readIfPresent } from "../../system/files.ts";
import type { AdminSession } from "./admin-session.ts";
import { digestOf } from "./read-files.ts";
import type { Change } from "./types.ts";

type Storing = Extract<Change, { kind: "certificate.set" }>;

/** HAProxy's buffer for a command with its payload holds 16 kB. */
const LONGEST_PAYLOAD = 15_000;

/**
 * Nothing is served with them before this is done.
 * @throws AgentError `conflict` when a file is not what was compared any more, `commandFailed` when HAProxy refuses it
 */
export async function storeCertificates(
  session: AdminSession,
  certificates: readonly Storing[],
): Promise<void> {
  for (const certificate of certificates) {
    const { path, isNew } = certificate;
    // An empty line would end the payload.
    const text = (await readWhole(certificate)).replace(/\r?\n(?:[ \t]*\r?\n)+/g, "\n").trim();
    if (text.length > LONGEST_PAYLOAD) throw new AgentError("conflict", `${path} is too long for a command`);
    if (isNew)
      await session.obey([{ text: `new ssl cert ${path}`, expected: /^New empty certificate store/ }]);
    const said = await session.askApart(`set ssl cert ${path} <<\n${text}\n`);
    if (!/^Transaction (?:created|updated) for certificate/.test(said)) throw refused(path, said);
    await session.obey([{ text: `commit ssl cert ${path}`, expected: /\nSuccess!$/ }]);
  }
}

/** @throws AgentError `conflict` when HAProxy shows another one */
export async function verifyCertificates(
  session: AdminSession,
  certificates: readonly Storing[],
): Promise<void> {
  for (const certificate of certificates) {
    const text = await readWhole(certificate);
    const shown = await session.ask(`show ssl cert ${certificate.path}`);
    const fingerprint = /^SHA1 FingerPrint: ([0-9A-F]+)$/m.exec(shown)?.[1];
    const wanted = new X509Certificate(text).fingerprint.replaceAll(":", "");
    const chain = [...shown.matchAll(/^Chain Subject: /gm)].length;
    const length = [...text.matchAll(/^-----BEGIN CERTIFICATE-----/gm)].length - 1;
    if (fingerprint !== wanted || chain !== length)
      throw new AgentError("conflict", `${certificate.path} is not what HAProxy shows`);
  }
}

/** @throws AgentError `conflict` when a list has other entries, or in another order */
export async function verifyList(
  session: AdminSession,
  list: string,
  wanted: readonly string[],
): Promise<void> {
  const shown = await session.ask(`show ssl crt-list ${list}`);
  const entries = shown.split("\n").filter((line) => line.startsWith("/"));
  if (entries.join("\n") !== wanted.join("\n"))
    throw new AgentError("conflict", `${list} is not what HAProxy shows`);
}

async function readWhole({ path, digest }: Storing): Promise<string> {
  const bytes = await readIfPresent(path);
  if (!bytes || digestOf(bytes) !== digest) throw new AgentError("conflict", `${path} has changed meanwhile`);
  return bytes.toString("latin1");
}

function refused(path: string, details: string): AgentError {
  return new AgentError("commandFailed", `HAProxy refused ${path}`, { details });
}
