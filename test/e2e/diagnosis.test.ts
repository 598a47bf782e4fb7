/**
 * The doctor of both amphorae of a pair: silent while all is well, and each fault by its name. `--record DIRECTORY`
 * keeps what terminals showed, for scripts/pictures.ts; `--only active` or `--only standby` looks at one of them.
 */
import { createSocket } from "node:dgram";
import { createServer, type Server } from "node:http";
import { after, before, suite } from "node:test";
import { parseArgs } from "node:util";
import { ours } from "../bed/agents.ts";
import { AMPHORA_TREE } from "../bed/amphora.ts";
import { host } from "../bed/host.ts";
import { buildTree } from "../bed/tree.ts";
import { enterOrSkip, until } from "../integration/systemd-lab.ts";
import { Amphora } from "./amphora.ts";
import { testPlace } from "./diagnosis.ts";
import type { AmphoraRecord, Site } from "./documents.ts";
import { faultsFor, type Place } from "./faults.ts";

const { values: options } = parseArgs({
  options: { only: { type: "string", default: "" }, record: { type: "string" } },
});
/** Paths to members are measured with ping. */
const TREE = { ...AMPHORA_TREE, packages: [...AMPHORA_TREE.packages, "iputils-ping"] };
const CONTROLLER = "192.0.2.1";
const MEMBERS = ["203.0.113.101", "203.0.113.102"].map((address) => ({ address, port: 8080 }));
const [ACTIVE, STANDBY] = [recordOf("MASTER", 11, 100), recordOf("BACKUP", 12, 90)];
const SITE: Site = {
  vip: "203.0.113.5",
  cidr: "203.0.113.0/24",
  gateway: "203.0.113.1",
  members: MEMBERS,
  amphorae: [ACTIVE, STANDBY],
};
/** Starts what it can, and goes on trying. */
const GREEDY = "[Service]\nExecStart=/bin/bash -c 'while :; do sleep 10000 & done'\n";
const ROOM = 60;

const lab = await enterOrSkip("the doctor of a pair", TREE);
if (lab) {
  suite("the doctor of a pair", () => {
    const amphorae: Amphora[] = [];
    const servers: Server[] = [];
    const controller = createSocket("udp4");

    before(async () => {
      const addresses = MEMBERS.map(({ address }) => `${address}/24`);
      await lab.bridge("mgmt", [`${CONTROLLER}/24`]);
      await lab.bridge("tenant", ["203.0.113.1/24", ...addresses]);
      await new Promise<void>((bound) => controller.bind(5555, CONTROLLER, bound));
      for (const { address, port } of MEMBERS) {
        const server = createServer((_, answer) => answer.end("served"));
        await new Promise<void>((listening) => server.listen(port, address, listening));
        servers.push(server);
      }
      for (const record of [ACTIVE, STANDBY]) {
        const amphora = await Amphora.boot(lab, {
          tree: await buildTree(TREE),
          controller: `${CONTROLLER}:5555`,
          program: async () => ours,
          record,
          diskSize: "64m",
        });
        amphorae.push(amphora);
        await amphora.machine.write("/etc/systemd/system/greedy.service", GREEDY);
        await amphora.serve(SITE);
        await until("its role", async () => (await amphora.role()) === record.role);
      }
    });

    after(async () => {
      controller.close();
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await Promise.all(amphorae.map((amphora) => amphora.close()));
    });

    for (const [index, name] of ["active", "standby"].entries()) {
      if (!name.includes(options.only)) continue;
      let place: Place | undefined;
      const here = () => {
        place ??= placeOf(name, amphorae[index]);
        return place;
      };
      testPlace(`names every fault of the ${name} amphora, and is silent without one`, {
        place: here,
        faults: () => faultsFor(here()),
        directory: options.record,
      });
    }
  });
}

function placeOf(name: string, amphora: Amphora | undefined): Place {
  if (!amphora) throw new Error(`no ${name} amphora`);
  const { machine, record } = amphora;
  return {
    name,
    shell: (script) => machine.exec("bash", ["-ec", script]),
    amphora: "amphora",
    node: "node",
    address: record.vrrp_ip,
    memberPort: 8080,
    duplicate: (state) =>
      host("ip", ["address", state === "on" ? "add" : "del", `${record.vrrp_ip}/32`, "dev", "tenant"]),
    limitTasks: async (state) => {
      if (state === "on") await machine.limitTasks(ROOM);
      await machine.exec("systemctl", [state === "on" ? "start" : "stop", "greedy.service"]);
      if (state === "off") await machine.unlimitTasks();
    },
    hasSystemd: true,
  };
}

function recordOf(role: "MASTER" | "BACKUP", last: number, vrrp_priority: number): AmphoraRecord {
  const [id, lb_network_ip, vrrp_ip] = [
    `7c1f5f0e-51b5-4a8a-9d0c-6f6f3b1f9e${last}`,
    `192.0.2.${last}`,
    `203.0.113.${last}`,
  ];
  return { id, role, lb_network_ip, vrrp_ip, vrrp_priority };
}
