/** The certificates that this amphora shows to others: the agent's own, and those of listeners. */
import type { Config } from "../config/types.ts";
import { directoriesIn, filesIn, readIfPresent } from "../system/files.ts";
import { attempt } from "./attempt.ts";
import type { CertificateFacts } from "./facts.ts";
import { type CertificateContent, parseCertificate } from "./parse-certificate.ts";

type Source = Omit<CertificateFacts, "content">;

export async function readCertificates(config: Config): Promise<CertificateFacts[]> {
  const { agentServerCert, agentServerCa } = config;
  const own: Source[] = [
    { file: agentServerCert, usedBy: "agent", loadBalancerId: undefined },
    { file: agentServerCa, usedBy: "controllers", loadBalancerId: undefined },
  ];
  const listeners = await attempt(() => listenerFiles(config.baseCertDir));
  const sources = "value" in listeners ? [...own, ...listeners.value] : own;
  const found = await Promise.all(sources.map(readOne));
  return found.filter((facts) => facts !== undefined);
}

async function listenerFiles(directory: string): Promise<Source[]> {
  const ids = (await directoriesIn(directory)).sort();
  const files = await Promise.all(ids.map((id) => filesIn(`${directory}/${id}`)));
  return ids.flatMap((id, index) =>
    (files[index] ?? [])
      .filter((name) => name.endsWith(".pem"))
      .map((name) => ({
        file: `${directory}/${id}/${name}`,
        usedBy: "listener" as const,
        loadBalancerId: id,
      })),
  );
}

/** @returns undefined for a file of another kind: keys are stored together with their certificate */
async function readOne(source: Source): Promise<CertificateFacts | undefined> {
  const content = await attempt(() => contentOf(source));
  if ("failure" in content) return { ...source, content };
  return content.value && { ...source, content: { value: content.value } };
}

async function contentOf({ file, usedBy }: Source): Promise<CertificateContent | undefined> {
  const bytes = await readIfPresent(file);
  const content = bytes && parseCertificate(bytes.toString("latin1"));
  if (!content && usedBy !== "listener") {
    throw new Error(bytes ? "there is no certificate in it" : "there is no such file");
  }
  return content;
}
