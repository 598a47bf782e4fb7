/** An amphora is looked at with its own programs: healthy, and with each fault, which its doctor has to name. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Diagnosis } from "../../agent/doctor/types.ts";
import type { Fault, Place } from "./faults.ts";

/** What a terminal showed, with its colours. */
export interface Screens {
  readonly status: string;
  readonly top: string;
  readonly doctor: string;
}

export interface PlaceRecord {
  readonly place: string;
  readonly healthy: Screens;
  readonly faults: readonly (Screens & { readonly name: string })[];
}

/** An examination takes four seconds; keepalived and the agent need some to recover. */
const PATIENCE_MS = 180_000;

/**
 * Healthy, then one fault after the other.
 * @param directory - for what the terminals showed, `<place>.json`; nobody looks at them unless given
 */
async function examinePlace(
  place: Place,
  faults: readonly Fault[],
  directory: string | undefined,
): Promise<void> {
  const record = directory === undefined ? undefined : new Recorder(place, directory);
  await findingsWhen(place, (findings) => findings.length === 0);
  await record?.healthy();
  for (const fault of faults) {
    await fault.inject(place);
    try {
      const findings = await findingsWhen(place, (all) => all.some(({ text }) => fault.text.test(text)));
      const { severity } = findings.find(({ text }) => fault.text.test(text)) ?? assert.fail();
      assert.equal(severity, fault.severity ?? severity, fault.name);
      await record?.fault(fault.name);
      console.log(`# ${place.name}: ${fault.name}: ${findings.length} findings`);
    } finally {
      await fault.repair(place);
    }
    await findingsWhen(place, (all) => all.length === 0);
  }
  await record?.write();
}

class Recorder {
  readonly #place: Place;
  readonly #directory: string;
  #healthy: Screens = { status: "", top: "", doctor: "" };
  readonly #faults: (Screens & { readonly name: string })[] = [];

  constructor(place: Place, directory: string) {
    this.#place = place;
    this.#directory = directory;
  }

  async healthy(): Promise<void> {
    this.#healthy = await capture(this.#place);
  }

  async fault(name: string): Promise<void> {
    this.#faults.push({ name, ...(await capture(this.#place)) });
  }

  async write(): Promise<void> {
    const record: PlaceRecord = { place: this.#place.name, healthy: this.#healthy, faults: this.#faults };
    await mkdir(this.#directory, { recursive: true });
    await writeFile(
      join(this.#directory, `${this.#place.name}.json`),
      `${JSON.stringify(record, null, 1)}\n`,
    );
  }
}

export function testPlace(
  title: string,
  {
    place,
    faults,
    directory,
  }: { place: () => Place; faults: () => Promise<readonly Fault[]>; directory: string | undefined },
): void {
  test(title, { timeout: 3_600_000 }, async () => {
    const all = await faults();
    assert.ok(all.length >= 12, `${all.length} faults`);
    await examinePlace(place(), all, directory);
  });
}

async function findingsWhen(
  { shell, amphora, name }: Place,
  isSo: (findings: Diagnosis["findings"]) => boolean,
): Promise<Diagnosis["findings"]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const { findings } = JSON.parse(await shell(`${amphora} doctor --json || true`)) as Diagnosis;
    if (isSo(findings)) return findings;
    if (performance.now() > deadline) {
      throw new Error(`${name}: not within ${PATIENCE_MS} ms: ${JSON.stringify(findings, null, 1)}`);
    }
    await sleep(200);
  }
}

/** As on a terminal, which `script` (util-linux) is. */
async function capture({ shell, amphora }: Place): Promise<Screens> {
  const onTerminal = (words: string) =>
    shell(`TERM=xterm script -qec '${amphora} ${words}' /dev/null </dev/null || true`);
  const [status, top, doctor] = await Promise.all(["status", "top --once", "doctor"].map(onTerminal));
  return { status: status ?? "", top: top ?? "", doctor: doctor ?? "" };
}
