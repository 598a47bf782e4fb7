/** Asks the kernel about UDP and SCTP listeners; nothing is started where there are none. */
import { NAMESPACE_HANDLE } from "../config/paths.ts";
import { asError } from "../errors.ts";
import { lvsLayout } from "../lvs/layout.ts";
import { listLvsListeners } from "../lvs/list.ts";
import { parseLvsListener } from "../lvs/parse-listener.ts";
import { readIfPresent } from "../system/files.ts";
import { run } from "../system/run.ts";
import { type LvsConfig, parseLvsSample } from "./parse-lvs-sample.ts";
import type { ListenerSample, MemberSample } from "./types.ts";

const TIMEOUT_MS = 5_000;

type LvsSample =
  | { readonly listeners: readonly ListenerSample[]; readonly members: readonly MemberSample[] }
  | { readonly silent: string };

export async function readLvsSample(basePath: string): Promise<LvsSample> {
  try {
    const ids = await listLvsListeners(basePath);
    if (ids.length === 0) return { listeners: [], members: [] };
    const configs = await Promise.all(
      ids.map(async (id): Promise<LvsConfig[]> => {
        const text = await readIfPresent(lvsLayout(basePath, id).config);
        return text ? [{ id, listener: parseLvsListener(text.toString("utf8")) }] : [];
      }),
    );
    const [table, statistics] = await Promise.all([
      inNamespace("cat", "/proc/net/ip_vs"),
      inNamespace("ipvsadm", "-Ln", "--stats", "--exact"),
    ]);
    return parseLvsSample(configs.flat(), table, statistics);
  } catch (error) {
    return { silent: `UDP and SCTP: ${asError(error).message}` };
  }
}

function inNamespace(file: string, ...words: readonly string[]): Promise<string> {
  return run("nsenter", [`--net=${NAMESPACE_HANDLE}`, "--", file, ...words], { timeoutMs: TIMEOUT_MS });
}
