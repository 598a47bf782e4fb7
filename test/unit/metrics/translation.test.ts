import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import { Translation } from "../../../agent/metrics/translation.ts";

function translated(bytes: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  const translation = new Translation({
    add: (part) => parts.push(typeof part === "string" ? Buffer.from(part, "latin1") : part),
  });
  for (let at = 0; at < bytes.length; at += size) translation.add(bytes.subarray(at, at + size));
  translation.end();
  return Buffer.concat(parts);
}

suite("translating a scrape as it comes", () => {
  test("it does not matter where it is cut, and characters beyond ASCII stay whole", () => {
    const line = 'haproxy_server_weight{proxy="pö:l",server="m☃"} 1\n';
    const whole = Buffer.from(line.repeat(4_000));
    const expected = Buffer.from('octavia_member_weight{pool="pö:l",member="m☃"} 1\n'.repeat(4_000));
    for (const size of [7_001, 65_536, 1_000_000]) assert.deepEqual(translated(whole, size), expected);
  });

  test("what is not UTF-8 is refused, and so is a line without end", () => {
    assert.throws(() => translated(Buffer.from([0x61, 0xff, 0x0a]), 10), AgentError);
    assert.throws(() => translated(Buffer.alloc(3 * 1024 * 1024, "a"), 65_536), AgentError);
  });
});
