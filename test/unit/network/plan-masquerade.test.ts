import assert from "node:assert/strict";
import { test } from "node:test";
import { hasFirewall, planScripts } from "../../../agent/network/plan-masquerade.ts";
import { BASE_FIREWALL } from "../../../agent/network/render-firewall.ts";
import type { InterfaceFile } from "../../../agent/network/types.ts";

const IPV4 = "/usr/local/bin/lvs-masquerade.sh add ipv4 eth1";
const IPV6 = "/usr/local/bin/lvs-masquerade.sh add ipv6 eth1";
const chain = (
  family: string,
  names: boolean,
  tracked = false,
) => `table ${family === "ipv4" ? "ip" : "ip6"} octavia-${family} {
	chain masq {
		oifname "eth1" meta l4proto ${names ? "udp" : 17} masquerade
		oifname "eth1" meta l4proto ${names ? "sctp" : 132} masquerade
	}
${
  tracked
    ? ""
    : `	chain prerouting {
		iifname "eth1" meta l4proto ${names ? "tcp" : 6} notrack
	}
	chain output {
		oifname "eth1" meta l4proto ${names ? "tcp" : 6} notrack
	}
`
}}
`;

function aFile(...commands: string[]): InterfaceFile {
  const up = commands.map((command) => ({ command }));
  return { name: "eth1", addresses: [], routes: [], rules: [], scripts: { up, down: [] }, is_sriov: false };
}

const again = (file: InterfaceFile, ruleset: string) =>
  planScripts(file, ruleset).map(({ command }) => command);

test("scripts whose rules are all there are not run again, whether nft shows names or numbers", () => {
  const ruleset = chain("ipv4", true) + chain("ipv6", false);
  assert.deepEqual(again(aFile(IPV4, IPV6), ruleset), []);
});

test("a flushed ruleset asks for all scripts, a flushed chain for its own", () => {
  assert.deepEqual(again(aFile(IPV4, IPV6), ""), [IPV4, IPV6]);
  const partly = chain("ipv4", true).replace('iifname "eth1" meta l4proto tcp notrack', "");
  assert.deepEqual(again(aFile(IPV4, IPV6), partly + chain("ipv6", true)), [IPV4]);
});

test("rules of another interface do not count", () => {
  assert.deepEqual(again(aFile(IPV4.replace("eth1", "eth11")), chain("ipv4", true)), [
    IPV4.replace("eth1", "eth11"),
  ]);
});

test("an SR-IOV port keeps its tracking, so that rules against it are not missed", () => {
  assert.deepEqual(again(aFile(`${IPV4} sriov`), chain("ipv4", true, true)), []);
});

test("scripts that nobody knows are left alone", () => {
  assert.deepEqual(again(aFile("/usr/local/bin/other add ipv4 eth1"), ""), []);
});

test("a firewall counts while it lets in what it must", () => {
  assert.ok(hasFirewall(BASE_FIREWALL.replace("  chain", "\tchain")));
  assert.ok(!hasFirewall(""));
  assert.ok(!hasFirewall("table inet amphora_table {\n\tchain amphora_chain {\n\t}\n}\n"));
});
