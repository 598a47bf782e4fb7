import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import { type PlugHost, plugNetwork, plugVip } from "../../../agent/network/plug.ts";
import type { Link } from "../../../agent/network/types.ts";

const MAC = "fa:16:3e:aa:00:01";
const VIP = { subnet_cidr: "203.0.113.0/24", gateway: "203.0.113.1", mac_address: MAC };

function aHost(changes: Partial<PlugHost> = {}): { host: PlugHost; done: string[] } {
  const done: string[] = [];
  const note = (what: string) => async (): Promise<void> => {
    done.push(what);
  };
  const host: PlugHost = {
    topology: () => "SINGLE",
    hostLinks: async () => [aLink("ens7")],
    namespaceLinks: async () => [],
    moveLink: async (from, name) => note(`move ${from} to ${name}`)(),
    readInterfaceFile: async () => undefined,
    writeInterfaceFile: async ({ name }) => note(`write ${name}`)(),
    readPlugged: async () => undefined,
    writePlugged: async (text) => note(`list ${text.trim()}`)(),
    bringUp: async (name) => note(`up ${name}`)(),
    needsBringUp: async () => true,
    rescanPci: note("rescan"),
    announce: (addresses) => void done.push(`announce ${addresses.join()}`),
    ...changes,
  };
  return { host, done };
}

function aLink(name: string, mac = MAC): Link {
  return { name, mac, up: false };
}

test("the file and the list are written before the link is moved, so that the next boot can finish", async () => {
  const { host, done } = aHost();
  await plugVip(host, "203.0.113.5", VIP);
  assert.deepEqual(done, ["write eth1", `list ${MAC} eth1`, "move ens7 to eth1", "up eth1"]);
});

test("a VIP that is plugged but not up is brought up before the conflict is answered", async () => {
  const { host, done } = aHost({ namespaceLinks: async () => [aLink("eth1")] });
  await assert.rejects(plugVip(host, "203.0.113.5", VIP), { code: "conflict" });
  assert.deepEqual(done, ["write eth1", "up eth1"]);
});

test("when that fails, the answer is the failure", async () => {
  const { host } = aHost({
    namespaceLinks: async () => [aLink("eth1")],
    bringUp: () => Promise.reject(new AgentError("commandFailed", "Error: no")),
  });
  await assert.rejects(plugVip(host, "203.0.113.5", VIP), {
    message: "Error plugging VIP",
    details: "Error: no",
  });
});

test("another port under the VIP's name is told before anything is written", async () => {
  const { host, done } = aHost({ namespaceLinks: async () => [aLink("eth1", "fa:16:3e:00:00:77")] });
  await assert.rejects(plugVip(host, "203.0.113.5", VIP), { message: "Error plugging VIP" });
  assert.deepEqual(done, []);
});

test("a link that is nowhere makes the kernel look for new devices", async () => {
  const { host, done } = aHost({ hostLinks: async () => [] });
  await assert.rejects(plugNetwork(host, { mac_address: MAC }), { code: "notFound" });
  assert.deepEqual(done, ["rescan"]);
});

test("a known port may be refused: it is brought up if need be, and nothing is updated", async () => {
  const namespaceLinks = async () => [aLink("eth2")];
  const broken = aHost({ namespaceLinks });
  const conflict = { code: "conflict", message: "Interface already exists" };
  await assert.rejects(plugNetwork(broken.host, { mac_address: MAC }, "refuse"), conflict);
  assert.deepEqual(broken.done, ["up eth2"]);
  const working = aHost({ namespaceLinks, needsBringUp: async () => false });
  await assert.rejects(plugNetwork(working.host, { mac_address: MAC }, "refuse"), conflict);
  assert.deepEqual(working.done, []);
});

test("nothing is announced when bringing up failed, and the texts tell the two cases apart", async () => {
  const bringUp = () => Promise.reject(new AgentError("commandFailed", "Error: no"));
  const namespaceLinks = async () => [aLink("eth1")];
  const { host, done } = aHost({ bringUp, namespaceLinks });
  await assert.rejects(plugNetwork(host, { mac_address: MAC }), { message: "Error plugging network" });
  const info = { vip: "203.0.113.5", ...VIP };
  await assert.rejects(plugNetwork(host, { mac_address: MAC, vip_net_info: info }), {
    message: "Error plugging vip",
  });
  assert.deepEqual(done, ["write eth1", "write eth1"]);
});

test("a broken interface file or a full disk is not dressed up as a failed bring-up", async () => {
  const { host } = aHost({ writeInterfaceFile: () => Promise.reject(new Error("ENOSPC")) });
  await assert.rejects(plugVip(host, "203.0.113.5", VIP), /ENOSPC/);
});
