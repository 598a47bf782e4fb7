import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { createKernelReader, type ReadKernel } from "../../../agent/lvs/read-kernel.ts";
import { LvsStatistics } from "../../../agent/lvs/read-statistics.ts";
import { type Names, namesIn } from "../../../agent/system/files.ts";
import { aConfig, aStatistics, aTable, LISTENER, memberId, POOL } from "./configs.ts";

const CONFIG = aConfig([{ vips: ["192.0.2.1"], members: ["192.0.2.10"] }]);
const NO_POOL = `# Configuration for Listener ${LISTENER}\n`;
const NO_PROCESS = 2 ** 22 + 1;

/** An LVS directory and its reader; `changed` is what the watch on the directory would notice. */
async function anLvsDirectory() {
  const basePath = await mkdtemp(join(tmpdir(), "lvs-"));
  await mkdir(join(basePath, "lvs"));
  const programs: string[] = [];
  const output: Record<string, string> = {
    cat: aTable("UDP  C0000201:0035 rr", "  -> C000020A:1388 Masq 1 3 0"),
    ipvsadm: aStatistics("UDP 192.0.2.1:53 5 6 7 80 90"),
  };
  const readKernel: ReadKernel = createKernelReader(
    async (_nsenter, [, , program = ""]) => {
      programs.push(program);
      return output[program] ?? assert.fail(`${program} fails`);
    },
    async () => undefined,
  );
  let names: Names | undefined;
  const statistics = new LvsStatistics({
    basePath,
    names: async () => (names ??= await namesIn(join(basePath, "lvs"))),
    readKernel,
  });
  return {
    programs,
    output,
    read: () => statistics.read({ timeoutMs: 1_000 }),
    changed: () => {
      names = undefined;
    },
    write: (suffix: string, text: string, id = LISTENER) =>
      writeFile(join(basePath, "lvs", `octavia-keepalivedlvs-${id}${suffix}`), text),
    [Symbol.asyncDispose]: () => rm(basePath, { recursive: true }),
  };
}

async function aRunningListener(config = CONFIG): ReturnType<typeof anLvsDirectory> {
  const directory = await anLvsDirectory();
  await directory.write(".conf", config);
  await directory.write(".check.pid", "1\n");
  await directory.write(".pid", `${process.pid}\n`);
  return directory;
}

suite("sampling LVS listeners", () => {
  test("all listeners cost one program each time, and a file that did not change is not read again", async () => {
    await using directory = await aRunningListener();
    const other = LISTENER.replaceAll("1", "7");
    await directory.write(".conf", CONFIG.replace("192.0.2.1 ", "192.0.2.2 "), other);
    await directory.write(".check.pid", "1\n", other);
    await directory.write(".pid", `${process.pid}\n`, other);
    const sample = await directory.read();
    assert.deepEqual(
      sample?.listeners.map(({ id, counters }) => [id, counters.bin]),
      [
        [LISTENER, 80],
        [other, 0],
      ],
    );
    assert.deepEqual(sample.pools[0], { key: POOL, status: "UP", members: { [memberId(1)]: "UP" } });
    assert.deepEqual(directory.programs.sort(), ["cat", "ipvsadm"]);
    await directory.write(".conf", `# Listener ${LISTENER} is disabled\n`);
    assert.equal((await directory.read())?.listeners.length, 2);
    directory.changed();
    assert.deepEqual(
      (await directory.read())?.listeners.map(({ id }) => id),
      [other],
    );
  });

  test("a listener whose keepalived does not run is left out", async () => {
    await using directory = await aRunningListener();
    await directory.write(".pid", `${NO_PROCESS}\n`);
    assert.equal(await directory.read(), undefined);
    assert.deepEqual(directory.programs, []);
  });

  test("a listener without an address is open, and the kernel is not asked", async () => {
    await using directory = await aRunningListener(NO_POOL);
    const sample = await directory.read();
    assert.deepEqual(sample, {
      listeners: [
        {
          id: LISTENER,
          status: "OPEN",
          currentConnections: 0,
          counters: { bin: 0, bout: 0, ereq: 0, stot: 0 },
        },
      ],
      pools: [],
    });
    assert.deepEqual(directory.programs, []);
  });

  test("a program that fails forbids the heartbeat, and so does a text that is no table", async () => {
    await using directory = await aRunningListener();
    delete directory.output.ipvsadm;
    assert.match((await directory.read())?.defect ?? "", /ipvsadm fails/);
    directory.output.ipvsadm = aStatistics();
    directory.output.cat = "";
    assert.match((await directory.read())?.defect ?? "", /table of services/);
  });

  test("names that are no listener's configuration are passed over", async () => {
    await using directory = await aRunningListener();
    await directory.write(".conf", CONFIG, "..a b");
    assert.equal((await directory.read())?.listeners.length, 1);
  });

  test("a table that a process in the namespace shows spares a program", async () => {
    const asked: number[] = [];
    const programs: string[] = [];
    const readKernel = createKernelReader(
      async (_nsenter, [, , program = ""]) => {
        programs.push(program);
        return aStatistics();
      },
      async (pid) => {
        asked.push(pid);
        return pid === 2 ? Buffer.from(aTable("UDP  C0000201:0035 rr")) : undefined;
      },
    );
    const { servers } = await readKernel([1, 2, 3], {});
    assert.deepEqual([...servers.keys()], ["UDP C0000201:0035"]);
    assert.deepEqual([asked, programs], [[1, 2], ["ipvsadm"]]);
  });
});
