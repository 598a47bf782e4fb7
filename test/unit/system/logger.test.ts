import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { createLogger, setDebug } from "../../../agent/system/logger.ts";

test("debug lines of every part appear, and end, when the configuration says so, on every destination", async () => {
  const events: string[] = [];
  const also = new Writable({
    write(chunk: Buffer, _encoding, done) {
      events.push((JSON.parse(chunk.toString()) as { event: string }).event);
      done();
    },
  });
  const logger = await createLogger({ debug: false, pretty: false, also: [also] });
  const part = logger.child({ component: "part" });
  const all = [logger, part, part.child({ lbId: "lb" })];
  const say = (event: string) => {
    for (const member of all) member.debug({ event });
  };
  say("before");
  setDebug(logger, true);
  say("meanwhile");
  setDebug(logger, false);
  say("after");
  assert.deepEqual(events, ["meanwhile", "meanwhile", "meanwhile"]);
});
