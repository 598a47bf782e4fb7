import assert from "node:assert/strict";
import process from "node:process";
import { suite, test } from "node:test";
import fc from "fast-check";
import { encodeExposition, encodeLine, METRIC_RULES } from "../../../agent/metrics/encode-exposition.ts";

const NAMES = ["status", "max_sessions", "http_responses_total", "uweight", "check_xyz", "no_such"];
const KINDS = [
  "haproxy_server_",
  "haproxy_backend_",
  "haproxy_frontend_",
  "haproxy_process_",
  "haproxy_haproxy_server_",
];
const VALUES = [
  "2f8e:1a",
  "m=proxy=1",
  "a,server=b",
  "HELP",
  "x-prometheus-exporter-y",
  "haproxy_process_max_connections 5",
  "haproxy_server_weight{",
  "xylophone",
  "1xx",
  "prometheus",
];

const aValue = fc.constantFrom(...VALUES);
const aLine = fc
  .record({
    lead: fc.constantFrom("", "", "", "", "# HELP ", "# TYPE ", " "),
    kind: fc.constantFrom(...KINDS),
    name: fc.constantFrom(...NAMES),
    labels: fc.constantFrom("", "proxy", "proxy", "server", "other"),
    values: fc.tuple(aValue, aValue),
    repeat: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ lead, kind, name, labels, values: [first, second], repeat }) => {
    const tail = labels === "" ? " 1" : `{${labels}="${first}",server="${second}",state="UP"} 0`;
    return `${lead}${kind}${name}${tail}\n`.repeat(repeat);
  });

/** The rule by its words: the first row whose text is anywhere in the line. */
function byTheBook(line: string): string {
  if (line.includes("prometheus-exporter")) return "";
  const rule = METRIC_RULES.find(({ match }) => line.includes(match));
  if (!rule) return "";
  if (rule.helpLine !== undefined && line.includes("HELP")) return `${rule.helpLine}\n`;
  let text = line;
  if (!line.startsWith("#")) for (const [from, to] of rule.labels) text = text.split(from).join(to);
  return text.split(rule.match).join(rule.replaceWith);
}

suite("translating HAProxy's exposition", () => {
  test("runs of lines become what each line becomes, and that is the contract's rule", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(aLine, fc.constantFrom("\n", "# x\n", 'haproxy_server_status{proxy="\n')), {
          maxLength: 12,
        }),
        fc.boolean(),
        (lines, cut) => {
          const text = cut ? lines.join("").slice(0, -1) : lines.join("");
          const each = text.split(/(?<=\n)/).filter((line) => line !== "");
          assert.equal(encodeExposition(text), each.map(encodeLine).join(""));
          assert.equal(each.map(encodeLine).join(""), each.map(byTheBook).join(""));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("an explanation that is replaced ends its line even when the last one did not", () => {
    assert.equal(
      encodeExposition("# HELP haproxy_server_weight Service weight."),
      "# HELP octavia_member_weight Member weight.\n",
    );
  });

  test("a line of any length takes no longer than its length", () => {
    const text = `haproxy_server_status{proxy="${"x ".repeat(500_000)}`;
    const before = process.cpuUsage();
    encodeExposition(text);
    encodeExposition(`${text}\n`.repeat(3));
    assert.ok(process.cpuUsage(before).user < 2_000_000);
  });
});
