/** Config drives as Nova makes them for an amphora. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { host } from "../bed/host.ts";

/** How controllers hand files over (`user_data_config_drive`). */
export type Handover = "personality" | "user_data";

export interface DriveSpec {
  readonly instanceId: string;
  readonly mac: string;
  readonly handover: Handover;
  readonly format: "iso9660" | "vfat";
  readonly publicKey: string;
  /** By absolute path. */
  readonly files: Readonly<Record<string, string>>;
}

/** @returns the drive's image, below `directory` */
export async function makeDrive(directory: string, spec: DriveSpec): Promise<string> {
  const tree = join(directory, "drive");
  const latest = join(tree, "openstack/latest");
  const content = join(tree, "openstack/content");
  for (const path of [latest, content]) await mkdir(path, { recursive: true });
  const files = Object.entries(spec.files);
  const asPersonality = spec.handover === "personality";
  const meta = {
    uuid: spec.instanceId,
    hostname: `amphora-${spec.instanceId}.novalocal`,
    public_keys: { octavia: spec.publicKey },
    files: asPersonality
      ? files.map(([path], index) => ({ path, content_path: `/content/${name(index)}` }))
      : [],
  };
  if (asPersonality)
    for (const [index, [, text]] of files.entries()) await writeFile(join(content, name(index)), text);
  await writeFile(join(latest, "meta_data.json"), JSON.stringify(meta));
  await writeFile(join(latest, "network_data.json"), JSON.stringify(networkData(spec.mac)));
  await writeFile(join(latest, "user_data"), userData(asPersonality ? [] : files));
  const image = join(directory, "drive.img");
  if (spec.format === "iso9660") {
    await host("genisoimage", ["-quiet", "-V", "config-2", "-R", "-J", "-o", image, tree]);
  } else {
    await host("mkfs.vfat", ["-C", "-n", "CONFIG-2", image, "16384"]);
    await host("mcopy", ["-s", "-i", image, join(tree, "openstack"), "::"]);
  }
  return image;
}

const name = (index: number) => String(index).padStart(4, "0");

function networkData(mac: string): object {
  return {
    links: [{ id: "tap0", type: "ovs", ethernet_mac_address: mac, mtu: 1450 }],
    networks: [{ id: "network0", type: "ipv4_dhcp", link: "tap0" }],
    services: [],
  };
}

/** As controllers indent it: each file by eight, and what restarts services. */
function userData(files: readonly (readonly [string, string])[]): string {
  const entries = files.map(
    ([path, text]) =>
      `-   path: ${path}\n    content: |\n        ${text.replaceAll(/\n(?=.)/g, "\n        ")}\n`,
  );
  const written = files.length > 0 ? `write_files:\n${entries.join("")}\n` : "";
  const restart = files.length > 0 ? "-   service amphora-agent restart\n" : "";
  return `#cloud-config\n# vim: syntax=yaml\n${written}runcmd:\n-   systemctl restart rsyslog\n${restart}\ntimezone: UTC\n`;
}
