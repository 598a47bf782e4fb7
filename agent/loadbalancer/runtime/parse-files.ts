/** Which files a configuration makes HAProxy read beside itself. */
import type { Section, Words } from "./types.ts";

export interface FileReferences {
  /** Certificates with their keys. */
  readonly certificates: readonly string[];
  /** Lists of certificates (HAProxy configuration manual, 5.1, "crt-list"). */
  readonly lists: readonly string[];
  /** Authorities and revocations. */
  readonly others: readonly string[];
}

/** Options of `bind` and `server` with a file. */
const CERTIFICATE = "crt";
const LIST = "crt-list";
const OTHER_FILES = new Set(["ca-file", "crl-file", "ca-sign-file", "ca-verify-file"]);

/** First words of lines whose other words are no files, or files that HAProxy reads only when it starts. */
const WITHOUT_FILES = new Set([
  "acl",
  "bind",
  "cpu-map",
  "description",
  "external-check",
  "http-check",
  "http-request",
  "http-response",
  "log",
  "log-format",
  "option",
  "redirect",
  "server",
  "server-state-file",
  "stats",
  "tcp-request",
  "use_backend",
]);
/** Words that make a rule read a file. */
const READS_FILE = new Set(["-f", "-M", "file", "lf-file", "errorfile", "errorfiles"]);
/** Directives that always read a file, or change where others are looked for. */
const FILE_DIRECTIVES = new Set([
  "ca-base",
  "crt-base",
  "errorfile",
  "errorfiles",
  "lua-load",
  "load",
  "crt-store",
]);

/** @returns undefined when there may be files that are not found this way */
export function parseFileReferences(sections: readonly Section[]): FileReferences | undefined {
  const certificates = new Set<string>();
  const lists = new Set<string>();
  const others = new Set<string>();
  for (const { header, lines, servers } of sections) {
    if (FILE_DIRECTIVES.has(header[0] ?? "")) return undefined;
    for (const line of [...lines, ...servers.map(({ options }) => ["server", ...options])]) {
      if (mayReadOtherFile(line)) return undefined;
      if (line[0] !== "bind" && line[0] !== "server") continue;
      for (const [index, word] of line.entries()) {
        const found =
          word === CERTIFICATE
            ? certificates
            : word === LIST
              ? lists
              : OTHER_FILES.has(word)
                ? others
                : undefined;
        if (!found) continue;
        const path = line[index + 1];
        if (!path?.startsWith("/")) return undefined;
        found.add(path);
      }
    }
  }
  return { certificates: [...certificates], lists: [...lists], others: [...others] };
}

function mayReadOtherFile(line: Words): boolean {
  const [first = "", ...rest] = line;
  if (FILE_DIRECTIVES.has(first)) return true;
  if (rest.some((word) => READS_FILE.has(word) || /\bmap(?:_\w+)?\(/.test(word))) return true;
  return !WITHOUT_FILES.has(first) && rest.some((word) => word.includes("/"));
}

export interface CertificateList {
  readonly paths: readonly string[];
  /** It names certificates and nothing else. */
  readonly isPlain: boolean;
}

/**
 * The certificates that a list names.
 * @returns undefined when one of them is not an absolute path
 */
export function parseCertificateList(text: string): CertificateList | undefined {
  const lines = text.split("\n").map((line) => line.trim());
  const entries = lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s/));
  const paths = entries.map(([path = ""]) => path);
  if (!paths.every((path) => path.startsWith("/"))) return undefined;
  return { paths, isPlain: entries.every((words) => words.length === 1) };
}
