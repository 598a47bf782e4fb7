import assert from "node:assert/strict";
import { test } from "node:test";
import { meaningOf, parseBatchReport } from "../../../agent/network/parse-batch.ts";

test("messages are told apart by what they mean", () => {
  const meanings: Readonly<Record<string, string>> = {
    "RTNETLINK answers: File exists": "exists",
    "Error: ipv4: Address already assigned.": "exists",
    "Error: ipv6: address already assigned.": "exists",
    "RTNETLINK answers: No such process": "missing",
    "RTNETLINK answers: No such file or directory": "missing",
    "Error: ipv4: Address not found.": "missing",
    "Error: ipv6: address not found.": "missing",
    "RTNETLINK answers: Cannot assign requested address": "missing",
    "Error: Invalid source address.": "notYet",
    "Error: Invalid prefsrc address.": "notYet",
    "RTNETLINK answers: Invalid argument": "notYet",
    "Error: Invalid prefix for given prefix length.": "refused",
    "Error: Gateway can not be a local address.": "refused",
    "Error: Nexthop has invalid gateway.": "refused",
    "RTNETLINK answers: Operation not permitted": "refused",
  };
  for (const [message, meaning] of Object.entries(meanings))
    assert.equal(meaningOf(message), meaning, message);
});

test("each message belongs to the line that is named after it", () => {
  const output = [
    "RTNETLINK answers: File exists",
    "Command failed -:2",
    'Cannot find device "eth9"',
    "Command failed -:5",
    "",
  ].join("\n");
  assert.deepEqual(parseBatchReport(output, 1), {
    failures: [
      { line: 1, message: "RTNETLINK answers: File exists", meaning: "exists" },
      { line: 4, message: 'Cannot find device "eth9"', meaning: "refused" },
    ],
    aborted: undefined,
  });
});

test("a batch that ended before its last line is not taken for done", () => {
  const output =
    'RTNETLINK answers: File exists\nCommand failed -:1\nError: any valid prefix is expected rather than "foo".\n';
  assert.match(parseBatchReport(output, 1).aborted ?? "", /any valid prefix/);
  assert.equal(parseBatchReport("", 1).aborted, "exit code 1");
  assert.equal(parseBatchReport("", 0).aborted, undefined);
});
