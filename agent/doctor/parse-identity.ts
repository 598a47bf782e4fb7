/** Whether the key and the certificate of a PEM file belong together. */
import { createPrivateKey, X509Certificate } from "node:crypto";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----/;

/**
 * The first certificate is the key's; those after it are authorities' (RFC 8446, 4.4.2).
 * @returns undefined when there is no key, or no certificate
 * @throws OpenSSL's error
 */
export function isKeyOfCertificate(pem: string): boolean | undefined {
  const [[certificate], [key]] = [CERTIFICATE.exec(pem) ?? [], PRIVATE_KEY.exec(pem) ?? []];
  if (certificate === undefined || key === undefined) return undefined;
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
}
