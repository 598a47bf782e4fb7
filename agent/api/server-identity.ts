/** Key and certificates of the TLS server, followed on disk. */
import { constants, X509Certificate } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { createSecureContext, DEFAULT_CIPHERS, type TlsOptions } from "node:tls";
import type { TlsProtocol } from "../config/types.ts";
import { asError } from "../errors.ts";
import type { Logger } from "../system/logger.ts";

export interface IdentityFiles {
  /** One PEM file with the server's private key and certificates. */
  readonly server: string;
  /** The authorities of clients: one PEM file with any number of them. */
  readonly clientCa: string;
}

/** As `tls.createSecureContext` takes it. */
export interface ServerIdentity {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly ca: Buffer;
}

/** A replaced file takes several file system events; one look after the last is enough. */
const SETTLE_MS = 50;

/** @throws the system error of a file that cannot be read, or an error about one that cannot be used */
export async function readIdentity(files: IdentityFiles): Promise<ServerIdentity> {
  const [server, ca] = await Promise.all([readServer(files.server), readAuthorities(files.clientCa)]);
  return { ...server, ca };
}

/**
 * What is on disk now; of a file that cannot be used, what `current` has. One bad file does not keep a change
 * of the other one back.
 */
export async function rereadIdentity(
  files: IdentityFiles,
  current: ServerIdentity,
): Promise<{ identity: ServerIdentity; serverProblem?: Error; clientCaProblem?: Error }> {
  const [server, ca] = await Promise.allSettled([readServer(files.server), readAuthorities(files.clientCa)]);
  return {
    identity: {
      ...(server.status === "fulfilled" ? server.value : current),
      ca: ca.status === "fulfilled" ? ca.value : current.ca,
    },
    ...(server.status === "rejected" && { serverProblem: asError(server.reason) }),
    ...(ca.status === "rejected" && { clientCaProblem: asError(ca.reason) }),
  };
}

async function readServer(file: string): Promise<Pick<ServerIdentity, "key" | "cert">> {
  const pem = await readFile(file);
  createSecureContext({ key: pem, cert: pem });
  return { key: pem, cert: pem };
}

async function readAuthorities(file: string): Promise<Buffer> {
  const pem = await readFile(file);
  checkAuthorities(pem);
  return pem;
}

/**
 * Refuses a file of authorities that Node would read in part only, and without a word: of a file that is being
 * written that is nothing at all, and nobody would be let in.
 * @throws Error when there is no certificate, or one that does not parse
 */
export function checkAuthorities(pem: Buffer): void {
  const certificates = pem.toString("latin1").split(/^(?=-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----)/m);
  const found = certificates.filter((text) => text.startsWith("-----BEGIN"));
  if (found.length === 0) throw new Error("no certificate of an authority in the file");
  for (const text of found) new X509Certificate(text);
}

/** OpenSSL 3 has no cipher for these two above its lowest security level. */
const WEAK_PROTOCOLS: ReadonlySet<TlsProtocol> = new Set(["TLSv1", "TLSv1.1"]);

/**
 * Mutual TLS with `minimum` and every newer version: a controller offers exactly the configured one
 * (docs/contract/rest-api.md, 3.1 and section 7, row 33). Without session tickets each connection proves its
 * certificate, to the authorities of that moment.
 */
export function tlsOptions(minimum: TlsProtocol, identity: ServerIdentity): TlsOptions {
  return {
    ...identity,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: minimum,
    maxVersion: "TLSv1.3",
    secureOptions: constants.SSL_OP_NO_TICKET,
    ...(WEAK_PROTOCOLS.has(minimum) && { ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0` }),
  };
}

/**
 * Calls `changed` when one of the files was replaced or written, by whomever. The directories are watched,
 * since a replaced file is another file. Without a watch, which the kernel may refuse, only replacements through
 * the API take effect at once.
 * @returns a function that ends it
 */
export function watchIdentity(files: IdentityFiles, changed: () => void, logger: Logger): () => void {
  const paths = Object.values<string>({ ...files });
  const names = new Set(paths.map((path) => basename(path)));
  let timer: NodeJS.Timeout | undefined;
  const notice = (_event: string, name: string | null) => {
    if (name !== null && !names.has(name)) return;
    clearTimeout(timer);
    timer = setTimeout(changed, SETTLE_MS);
  };
  const watchers = [...new Set(paths.map((path) => dirname(path)))].flatMap((directory) =>
    watchDirectory(directory, notice, logger),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

function watchDirectory(
  directory: string,
  notice: (event: string, name: string | null) => void,
  logger: Logger,
): FSWatcher[] {
  const failed = (error: unknown) =>
    logger.warn(
      { event: "tls.watch.failed", directory, err: asError(error) },
      "hand edits need a restart to take effect",
    );
  try {
    return [watch(directory, { persistent: false }, notice).on("error", failed)];
  } catch (error) {
    failed(error);
    return [];
  }
}
