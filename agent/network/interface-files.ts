/** The directory of interface files (docs/contract/network.md, sections 1 and 2). */
import { filesIn, makeDirectory, type ReplaceFile, readIfPresent } from "../system/files.ts";
import { parseInterfaceFile } from "./parse-interface.ts";
import type { InterfaceFile } from "./types.ts";

export interface InterfaceFiles {
  /** @throws AgentError `internal` when the file is broken */
  read(name: string): Promise<InterfaceFile | undefined>;
  /** Every file, in the order of file names. @throws AgentError `internal` when one is broken */
  readAll(): Promise<InterfaceFile[]>;
  write(file: InterfaceFile): Promise<void>;
}

export function interfaceFiles(directory: () => string, replaceFile: ReplaceFile): InterfaceFiles {
  const pathOf = (fileName: string): string => `${directory().replace(/\/+$/, "")}/${fileName}`;
  const load = async (fileName: string): Promise<InterfaceFile | undefined> => {
    const path = pathOf(fileName);
    const bytes = await readIfPresent(path);
    return bytes && parseInterfaceFile(bytes.toString("utf8"), path);
  };
  return {
    read: (name) => load(`${name}.json`),
    readAll: async () => {
      const names = (await filesIn(directory())).filter((name) => name.endsWith(".json"));
      const files = await Promise.all(names.map(load));
      return files.filter((file) => file !== undefined);
    },
    write: async (file) => {
      await makeDirectory(directory());
      await replaceFile(pathOf(`${file.name}.json`), JSON.stringify(file), 0o644);
    },
  };
}
