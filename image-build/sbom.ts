/** sbom.ts IMAGE MANIFEST: prints an SPDX 2.3 document of an image: its Debian packages, the agent, Node, and what is in the agent. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";

const ROOT = join(import.meta.dirname, "..");
const [, , image = "", manifest = ""] = process.argv;

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, "utf8")) as T;
}

/** Lines of `package TAB version TAB source package`. */
async function debianPackages(): Promise<Component[]> {
  const lines = (await readFile(manifest, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [name = "", version = ""] = line.split("\t");
    const [plain = "", arch] = name.split(":");
    const suffix = arch ? `?arch=${arch}` : "";
    return { name: plain, version, purl: `pkg:deb/debian/${plain}@${encodeURIComponent(version)}${suffix}` };
  });
}

interface Lockfile {
  readonly packages: Readonly<Record<string, { version?: string; dev?: boolean; optional?: boolean }>>;
}

async function bundledPackages(): Promise<Component[]> {
  const { packages } = await readJson<Lockfile>(join(ROOT, "package-lock.json"));
  const found: Component[] = [];
  for (const [path, { version = "", dev, optional }] of Object.entries(packages)) {
    if (path === "" || dev || optional) continue;
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    found.push({ name, version, purl: `pkg:npm/${encodeURIComponent(name)}@${version}` });
  }
  return found;
}

const { name, version } = await readJson<{ name: string; version: string }>(join(ROOT, "package.json"));
const components = [
  { name, version, purl: `pkg:generic/${name}@${version}` },
  { name: "node", version: process.versions.node, purl: `pkg:generic/node@${process.versions.node}` },
  ...(await bundledPackages()),
  ...(await debianPackages()),
];
const document = {
  spdxVersion: "SPDX-2.3",
  dataLicense: "CC0-1.0",
  SPDXID: "SPDXRef-DOCUMENT",
  name: basename(image),
  documentNamespace: `urn:amphora-image:${basename(image)}:${version}`,
  // Fixed, so that the same image has the same document.
  creationInfo: { created: "1970-01-01T00:00:00Z", creators: [`Tool: ${name}-${version}`] },
  packages: components.map((component, index) => ({
    SPDXID: `SPDXRef-${index}`,
    name: component.name,
    versionInfo: component.version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    externalRefs: [
      { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: component.purl },
    ],
  })),
  relationships: components.map((_, index) => ({
    spdxElementId: "SPDXRef-DOCUMENT",
    relationshipType: "DESCRIBES",
    relatedSpdxElement: `SPDXRef-${index}`,
  })),
};
console.log(JSON.stringify(document, null, 2));
