/** What a config drive says, in the words of this program. */

export interface DriveFile {
  /** Absolute. */
  readonly path: string;
  readonly content: Buffer;
  /** Undefined where the drive does not say. */
  readonly mode: number | undefined;
  /** `user:group`, `root:root` unless the drive says otherwise. */
  readonly owner: string;
  readonly append: boolean;
}

export interface UserData {
  readonly files: readonly DriveFile[];
  readonly timezone: string | undefined;
  /** What was asked for and is not done here: keys of the document, and commands. */
  readonly ignored: readonly string[];
}

export interface MetaData {
  readonly instanceId: string;
  readonly hostname: string | undefined;
  readonly publicKeys: readonly string[];
  /** Where each file's content is on the drive, below `openstack/`. */
  readonly files: readonly { readonly path: string; readonly contentPath: string }[];
}

export interface NetworkFile {
  /** Name in systemd-networkd's directory. */
  readonly name: string;
  readonly text: string;
}
