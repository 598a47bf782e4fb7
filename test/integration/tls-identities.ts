/** Certificate authorities and certificates for tests, made with the openssl program. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A key and its certificate, in one PEM file as amphorae and controllers keep them. */
export interface TestIdentity {
  readonly pemFile: string;
  readonly pem: Buffer;
}

/** `ec` is fast, `rsa` is what controllers make. */
export type KeyType = "ec" | "rsa";

export interface TestAuthority {
  readonly caFile: string;
  readonly ca: Buffer;
  /**
   * @param keyType - `ec` unless given
   * @param days - until it expires; 2 unless given, and with 0 it has expired at once
   */
  issue(commonName: string, keyType?: KeyType, days?: number): Promise<TestIdentity>;
}

const NEW_KEY: Readonly<Record<KeyType, string>> = {
  ec: "-nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1",
  rsa: "-nodes -newkey rsa:2048",
};

const DAYS = 2;
const run = promisify(execFile);

async function openssl(words: string, options: Readonly<Record<string, string>>): Promise<void> {
  const values = Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]);
  await run("openssl", [...words.split(" "), ...values]);
}

/** A directory of keys and certificates, removed when disposed of. */
export class TlsIdentities implements AsyncDisposable {
  readonly directory: string;
  #count = 0;

  constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<TlsIdentities> {
    return new TlsIdentities(await mkdtemp(join(tmpdir(), "tls-identities-")));
  }

  /** Makes a self-signed authority; each call makes another one, also under the same name. */
  async authority(commonName: string): Promise<TestAuthority> {
    const base = this.#nextFile();
    const signer = { CA: `${base}.pem`, CAkey: `${base}.key` };
    const files = { keyout: signer.CAkey, out: signer.CA };
    await openssl(`req -x509 ${NEW_KEY.ec}`, { days: String(DAYS), subj: `/CN=${commonName}`, ...files });
    return {
      caFile: signer.CA,
      ca: await readFile(signer.CA),
      issue: (name, keyType = "ec", days = DAYS) => this.#issue(name, keyType, days, signer),
    };
  }

  async #issue(commonName: string, keyType: KeyType, days: number, signer: Record<"CA" | "CAkey", string>) {
    const base = this.#nextFile();
    const [keyout, request, certificate, pemFile] = [
      `${base}.key`,
      `${base}.csr`,
      `${base}.crt`,
      `${base}.pem`,
    ] as const;
    await openssl(`req ${NEW_KEY[keyType]}`, { subj: `/CN=${commonName}`, keyout, out: request });
    const serial = { set_serial: String(this.#count) };
    await openssl("x509 -req", { in: request, days: String(days), ...signer, ...serial, out: certificate });
    const pem = Buffer.concat(await Promise.all([readFile(keyout), readFile(certificate)]));
    await writeFile(pemFile, pem, { mode: 0o600 });
    return { pemFile, pem };
  }

  #nextFile(): string {
    this.#count += 1;
    return join(this.directory, String(this.#count));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
