import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNotification } from "../../../agent/vrrp/parse-notification.ts";

for (const role of ["MASTER", "BACKUP", "FAULT"] as const) {
  test(`an instance that becomes ${role} says so`, () => {
    const notification = parseNotification(`INSTANCE "f565635c11e94caf83bce4ca0d8b6f19" ${role} 100`);
    assert.deepEqual(notification, { instance: "f565635c11e94caf83bce4ca0d8b6f19", role });
  });
}

for (const word of ["STOP", "DELETED"]) {
  test(`${word} ends an instance`, () => {
    assert.deepEqual(parseNotification(`INSTANCE "a b" ${word} 90`), { instance: "a b", role: undefined });
  });
}

for (const line of [
  "",
  'GROUP "all" MASTER 100',
  'INSTANCE "a" MASTER_RX_LOWER_PRI 100',
  'INSTANCE "a" MASTER_PRIORITY 90',
  'INSTANCE "a" SOMETHING_NEW 90',
  "INSTANCE a MASTER 90",
  'INSTANCE "a"',
  'INSTANCE "a" MASTER',
]) {
  const isChange = line.endsWith('" MASTER');
  test(`${JSON.stringify(line)} is ${isChange ? "a change, without a priority too" : "no change of a role"}`, () => {
    assert.equal(parseNotification(line) !== undefined, isChange);
  });
}
