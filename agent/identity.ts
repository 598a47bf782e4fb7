/** The agent's own certificate and configuration, replaced by the controller (R18 and R19). */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Identity } from "./api/types.ts";
import type { ConfigChange, ConfigInForce } from "./config/load.ts";
import { AgentError, asError } from "./errors.ts";
import type { ReplaceFile } from "./system/files.ts";
import type { Logger } from "./system/logger.ts";

export interface IdentityOptions {
  readonly config: ConfigInForce;
  readonly replaceFile: ReplaceFile;
  /** Runs jobs with the same key one after the other: what is in force must be what is on disk. */
  readonly exclusive: { run<T>(key: string, job: () => Promise<T>): Promise<T> };
  readonly logger: Logger;
  /** Makes new connections use the certificate that is on disk now. */
  readonly certificateReplaced: () => Promise<void>;
  /** Tells every part that mutable options have changed. */
  readonly configReplaced: (change: ConfigChange) => void;
}

const SECRET_MODE = 0o600;

/** @see docs/contract/rest-api.md, R18, R19 and section 7, rows 8 and 9 */
export function createIdentity(options: IdentityOptions): Identity {
  const { config, replaceFile, logger, exclusive } = options;
  return {
    replaceCertificate: (pem) => exclusive.run("certificate", () => replaceCertificate(pem)),
    replaceConfig: (text) => exclusive.run("config", () => replaceConfig(text)),
  };

  async function replaceCertificate(pem: Buffer): Promise<void> {
    const { validFromDate, validToDate } = checkServerPem(pem);
    await replaceFile(config.current.agentServerCert, pem, SECRET_MODE);
    await options.certificateReplaced();
    const now = Date.now();
    if (now < validFromDate.getTime() || now > validToDate.getTime()) {
      const period = { validFrom: validFromDate.toISOString(), validTo: validToDate.toISOString() };
      logger.warn(
        { event: "identity.certificate.dated", ...period },
        "by this machine's clock the new certificate is not valid",
      );
    }
    logger.info({ event: "identity.certificate.replaced" }, "new connections use the new certificate");
  }

  async function replaceConfig(text: Buffer): Promise<void> {
    const change = await checkConfig(config, text);
    await replaceFile(config.current.file, text, SECRET_MODE);
    config.apply(change);
    options.configReplaced(change);
    for (const warning of change.warnings)
      logger.warn({ event: "config.option.unknown", warning }, "unknown option");
    const { waiting } = change;
    if (waiting.length > 0) {
      logger.warn(
        { event: "config.option.waiting", options: waiting },
        "options take effect at the next start",
      );
    }
    logger.info({ event: "config.file.replaced" }, "configuration replaced");
  }
}

/**
 * Refuses what the TLS server could not use: a file without key or certificate, or with two that do
 * not belong together. The period of validity is not a reason: the clock of an amphora may be wrong, and it is
 * the controller who judges the certificate.
 * @throws AgentError `invalidInput`
 */
export function checkServerPem(pem: Buffer): X509Certificate {
  try {
    const key = createPrivateKey(pem);
    const certificate = new X509Certificate(pem);
    if (!certificate.checkPrivateKey(key)) throw new Error("the private key is not the certificate's");
    createSecureContext({ key: pem, cert: pem });
    return certificate;
  } catch (error) {
    throw new AgentError("invalidInput", "Invalid certificate", {
      details: asError(error).message,
      cause: error,
    });
  }
}

async function checkConfig(config: ConfigInForce, text: Buffer): Promise<ConfigChange> {
  try {
    return await config.check(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch (error) {
    throw new AgentError("commandFailed", "Unable to update amphora-agent configuration.", {
      details: asError(error).message,
      cause: error,
    });
  }
}
