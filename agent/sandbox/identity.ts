/**
 * A development identity for both ends of the mutual TLS, made on the spot and kept in memory and in
 * the sandbox's private /etc only.
 */
import { generate } from "selfsigned";

export interface Identity {
  /** PEM. */
  readonly key: string;
  /** PEM; its own issuer, so also the authority that both ends trust. */
  readonly certificate: string;
}

/** OpenSSL's default security level wants 112 bits: RSA of 2048, no SHA-1. */
const STRENGTH = { keySize: 2048, algorithm: "sha256" };
const VALID_DAYS = 30;
const DNS_NAME = 2;

/**
 * The pair that the package https-pem leaves on disk cannot be used: RSA of 1024 bits, signed with
 * SHA-1, is refused by OpenSSL ("ee key too small"), and it does not carry the amphora's id, which a
 * controller expects as the host name (docs/contract/rest-api.md, 3.1). So the generator under
 * https-pem is asked for a stronger pair with the right name.
 * @param name - host name in the certificate: the amphora's id
 */
export function createIdentity(name: string): Promise<Identity> {
  const { promise, resolve, reject } = Promise.withResolvers<Identity>();
  const subject = [{ name: "commonName", value: name }];
  const options = {
    ...STRENGTH,
    days: VALID_DAYS,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, digitalSignature: true, keyEncipherment: true },
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      { name: "subjectAltName", altNames: [{ type: DNS_NAME, value: name }] },
    ],
  };
  generate(subject, options, (error, pair) => {
    if (error) reject(error);
    else resolve({ key: pair.private, certificate: pair.cert });
  });
  return promise;
}
