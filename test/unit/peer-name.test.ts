import assert from "node:assert/strict";
import { test } from "node:test";
import { peerName } from "../../agent/peer-name.ts";

test("peer names equal those that the controller computes", () => {
  assert.equal(peerName("amp_123"), "WCbTKE70m_IHc_MucbXK5CkEoWQ");
  assert.equal(peerName("8"), "xl27zqXOfimIuMabz9-eiQSqvB8");
  assert.equal(peerName("14"), "_jXhkhIeq-Pav59epqvby8EHrDs");
});

test("a peer name is 27 characters that HAProxy takes for one word, and never begins like an option", () => {
  for (let number = 0; number < 1_000; number += 1) {
    assert.match(peerName(`amphora ${number}`), /^[A-Za-z0-9_][A-Za-z0-9_-]{26}$/);
  }
});
