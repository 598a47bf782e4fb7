import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { certificatesKey, createCertificates } from "../../../agent/loadbalancer/certificates.ts";
import { Exclusive } from "../../../agent/supervisor/exclusive.ts";
import { removeDirectory } from "../../../agent/system/removal.ts";

test("certificates can be stored while those of the load balancer are deleted", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "certificates-"));
  t.after(() => rm(directory, { recursive: true }));
  const exclusive = new Exclusive();
  const certificates = createCertificates({ directory, exclusive });
  const jobs = Array.from({ length: 20 }, (_, index) => [
    certificates.store("lb", `${index}.pem`, Buffer.from("x")),
    exclusive.run(certificatesKey("lb"), () => removeDirectory(`${directory}/lb`)),
  ]);
  await Promise.all(jobs.flat());
  await certificates.store("lb", "last.pem", Buffer.from("x"));
  assert.deepEqual(await readdir(`${directory}/lb`), ["last.pem"]);
});
