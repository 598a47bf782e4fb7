/** The certificates of a cloud with one amphora: made new for each run, 2048-bit RSA as Octavia makes them. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { host } from "./host.ts";

export interface Identities {
  readonly amphoraId: string;
  /** The agent's key and certificate in one file; its name is the amphora's id. */
  readonly server: Buffer;
  /** What the agent trusts. */
  readonly clientAuthority: Buffer;
  /** The controller's key and certificate in one file. */
  readonly client: Buffer;
  /** What the controller trusts. */
  readonly serverAuthority: Buffer;
}

/** @param directory - where key files are left; must be private to the run */
export async function createIdentities(directory: string, amphoraId: string): Promise<Identities> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const authority of ["server_ca", "client_ca"]) await createAuthority(directory, authority);
  await createLeaf(directory, "server", "server_ca", amphoraId);
  await createLeaf(directory, "client", "client_ca", "controller");
  const read = (name: string) => readFile(join(directory, name));
  return {
    amphoraId,
    server: Buffer.concat([await read("server.key"), await read("server.crt")]),
    clientAuthority: await read("client_ca.crt"),
    client: Buffer.concat([await read("client.key"), await read("client.crt")]),
    serverAuthority: await read("server_ca.crt"),
  };
}

const NEW_KEY = ["-newkey", "rsa:2048", "-noenc"];

async function createAuthority(directory: string, name: string): Promise<void> {
  const [key, certificate] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  const files = ["-keyout", key, "-out", certificate];
  await host("openssl", ["req", "-x509", ...NEW_KEY, "-subj", `/CN=${name}`, "-days", "2", ...files]);
}

async function createLeaf(
  directory: string,
  name: string,
  authority: string,
  commonName: string,
): Promise<void> {
  const path = (file: string) => join(directory, file);
  const request = ["req", ...NEW_KEY, "-subj", `/CN=${commonName}`, "-keyout", path(`${name}.key`)];
  await host("openssl", [...request, "-out", path(`${name}.csr`)]);
  await writeFile(path(`${name}.ext`), `subjectAltName=DNS:${commonName}\n`);
  const signer = ["-CA", path(`${authority}.crt`), "-CAkey", path(`${authority}.key`), "-CAcreateserial"];
  const files = ["-in", path(`${name}.csr`), "-extfile", path(`${name}.ext`), "-out", path(`${name}.crt`)];
  await host("openssl", ["x509", "-req", "-days", "2", ...signer, ...files]);
}
