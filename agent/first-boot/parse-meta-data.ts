/** `openstack/latest/meta_data.json` of a config drive. */
import { AgentError } from "../errors.ts";
import type { MetaData } from "./types.ts";

/** @throws AgentError `invalidInput` when it is no such document */
export function parseMetaData(text: string): MetaData {
  const document = jsonObject(text, "meta_data.json");
  const { uuid, hostname } = document;
  if (typeof uuid !== "string" || uuid === "")
    throw new AgentError("invalidInput", "meta_data.json: no uuid");
  return {
    instanceId: uuid,
    hostname: typeof hostname === "string" ? hostLabel(hostname) : undefined,
    publicKeys: Object.values(asObject(document.public_keys)).filter((key) => typeof key === "string"),
    files: asArray(document.files).map((entry) => {
      const { path, content_path: contentPath } = asObject(entry);
      if (typeof path !== "string" || !path.startsWith("/") || typeof contentPath !== "string")
        throw new AgentError("invalidInput", "meta_data.json: a file without path or content_path");
      if (contentPath.split("/").includes(".."))
        throw new AgentError("invalidInput", `meta_data.json: content_path ${contentPath}`);
      return { path, contentPath };
    }),
  };
}

/** The name without its domain; undefined when it cannot be one. */
function hostLabel(name: string): string | undefined {
  const label = name.split(".")[0] ?? "";
  return /^[A-Za-z0-9]([A-Za-z0-9-]{0,62})$/.test(label) ? label : undefined;
}

export function jsonObject(text: string, what: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(text));
  } catch (cause) {
    throw new AgentError("invalidInput", `${what} is no JSON`, { cause });
  }
}

export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
