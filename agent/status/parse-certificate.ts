/** What an operator wants to know of a certificate in a PEM file. */
import { X509Certificate } from "node:crypto";

export interface CertificateContent {
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The certificate of a PEM text that ends first; what else is in there, keys above all, is not looked at.
 * @returns undefined when there is none, as in lists of files and of revoked certificates
 * @throws OpenSSL's error
 */
export function parseCertificate(pem: string): CertificateContent | undefined {
  const certificates = Array.from(pem.matchAll(CERTIFICATE), ([text]) => new X509Certificate(text));
  const [first] = certificates
    .map(({ subject, validFrom, validTo }) => ({
      subject: subject.replaceAll("\n", ", "),
      notBefore: new Date(validFrom),
      notAfter: new Date(validTo),
    }))
    .sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
  return first;
}
