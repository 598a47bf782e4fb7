import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { removeLeftovers } from "../../../agent/system/leftovers.ts";

test("half-made replacements of an earlier program go, everything else stays", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "leftovers-"));
  t.after(() => rm(root, { recursive: true }));
  const file = async (path: string, ageSeconds: number) => {
    await writeFile(join(root, path), "");
    const time = Date.now() / 1_000 - ageSeconds;
    await utimes(join(root, path), time, time);
  };
  await mkdir(join(root, "deep/below"), { recursive: true });
  await mkdir(join(root, "flat/below"), { recursive: true });
  const gone = [
    `deep/a.${randomUUID()}.tmp`,
    `deep/below/b.${randomUUID()}.tmp`,
    `flat/c.${randomUUID()}.tmp`,
  ];
  const kept = [`flat/below/d.${randomUUID()}.tmp`, "deep/notes.tmp", "deep/haproxy.cfg"];
  const young = `deep/e.${randomUUID()}.tmp`;
  for (const path of [...gone, ...kept]) await file(path, 100);
  await file(young, 1);

  const places = {
    deep: [join(root, "deep"), join(root, "deep/below"), join(root, "none")],
    flat: [join(root, "flat")],
  };
  const deleted = await removeLeftovers(places, Date.now() - 50_000);
  assert.deepEqual(deleted.sort(), gone.map((path) => join(root, path)).sort());
  const left = (await readdir(root, { recursive: true })).filter((path) => !/(deep|flat|below)$/.test(path));
  assert.deepEqual(left.sort(), [...kept, young].sort());
});
