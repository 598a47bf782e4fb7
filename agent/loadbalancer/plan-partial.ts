/** What HAProxy can run of a configuration when files that it names are gone, as keys of listeners after a reboot. */
import { SECTIONS } from "./edit-config.ts";
import { parseWords } from "./runtime/parse-words.ts";

/** The part of a configuration that needs none of the files. */
export interface PartialConfig {
  readonly text: string;
  /** Names of the frontends that are left out, in order of appearance. */
  readonly withheld: readonly string[];
}

/** One section: its lines as they stand, and as words. */
interface Block {
  readonly kind: string;
  readonly name: string;
  readonly lines: string[];
  readonly words: string[][];
}

/** Lines of a frontend that name a backend. */
const USES_BACKEND = new Set(["default_backend", "use_backend"]);
const TAKES_CONNECTIONS = new Set(["frontend", "listen"]);

/**
 * Leaves out each frontend that names a missing file, itself or in a backend that it uses, and each backend that only
 * such frontends use. A frontend is whole or not there: one without a pool would answer for it what nobody configured.
 * @param missing - absolute paths
 * @returns undefined when nothing would be left that takes connections, or it cannot be told what a line says
 */
export function planPartial(text: string, missing: ReadonlySet<string>): PartialConfig | undefined {
  const blocks = parseBlocks(text);
  if (!blocks) return undefined;
  const needsMissing = ({ words }: Block) => words.some((line) => line.some((word) => missing.has(word)));
  const backends = blocks.filter(({ kind }) => kind === "backend");
  const frontends = blocks.filter(({ kind }) => TAKES_CONNECTIONS.has(kind));
  const broken = new Set(backends.filter(needsMissing).map(({ name }) => name));
  const isWithheld = (block: Block) =>
    needsMissing(block) || usedBackends(block).some((name) => broken.has(name));
  const withheld = new Set(frontends.filter(isWithheld));
  const kept = frontends.filter((block) => !withheld.has(block));
  if (kept.length === 0) return undefined;
  const stillUsed = new Set(kept.flatMap(usedBackends));
  const onlyTheirs = new Set([...withheld].flatMap(usedBackends).filter((name) => !stillUsed.has(name)));
  const isLeftOut = (block: Block) =>
    withheld.has(block) ||
    (block.kind === "backend" && (onlyTheirs.has(block.name) || broken.has(block.name)));
  const left = blocks.filter((block) => !isLeftOut(block));
  return {
    text: left.flatMap(({ lines }) => lines).join("\n"),
    withheld: [...withheld].map(({ name }) => name),
  };
}

function usedBackends({ words }: Block): string[] {
  return words.filter(([first = ""]) => USES_BACKEND.has(first)).map(([, name = ""]) => name);
}

/** What stands before the first section is a block without a kind. */
function parseBlocks(text: string): Block[] | undefined {
  const blocks: Block[] = [{ kind: "", name: "", lines: [], words: [] }];
  for (const line of text.split("\n")) {
    const words = parseWords(line);
    if (!words) return undefined;
    const [kind = "", name = ""] = words;
    if (SECTIONS.has(kind)) blocks.push({ kind, name, lines: [], words: [] });
    const block = blocks.at(-1);
    block?.lines.push(line);
    block?.words.push([...words]);
  }
  return blocks;
}
