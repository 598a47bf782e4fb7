/**
 * compare.ts IMAGE UPSTREAM|none RUNS [JSON_FILE]: boots our image and the upstream-equivalent one
 * (test/image/upstream/build) by turns, in the same way, and prints what operators judge an image by. Both get their
 * config drive on an IDE CD: upstream's cloud kernel knows no SATA. image-build/compare is the way to call it.
 */
import { stat, writeFile } from "node:fs/promises";
import process from "node:process";
import { AmphoraGuest, type Shape } from "./amphora-guest.ts";

const SHAPE: Shape = {
  machine: "pc",
  bus: "cd",
  memoryMb: 1_024,
  handover: "personality",
  format: "iso9660",
};
/** Measures of one image, all of them the less the better, and how much of upstream's ours may have. */
const LIMITS = {
  "qcow2, MB": 0.3,
  "Debian packages": 0.31,
  "running services": 1,
  "memory used, MB": 0.6,
  "power-on to first answer, s": 1,
  "power-on to first answer, CPU s": 0.16,
  "exec of the agent to first answer, s": 0.3,
} as const;
type Measures = Record<keyof typeof LIMITS, number>;
const NAMES = Object.keys(LIMITS) as (keyof Measures)[];

/** Of the connection that looks, and of its user's session. */
const OURSELVES = /^(ssh@|user@|user-runtime-dir@)/;
const CLOCK_LOOKS = 5;
/** Upstream's takes 120 s on a machine that does nothing else. */
const BOOT_MS = 2_400_000;

const [, , ours = "", upstream = "", runs = "1", jsonFile] = process.argv;
const images = upstream === "none" ? { ours } : { ours, upstream };
const boots: Record<string, Measures[]> = { ours: [], upstream: [] };
// By turns, so that what else the machine does meets both.
for (let run = 1; run <= Number(runs); run += 1) {
  for (const [name, image] of Object.entries(images)) {
    const measures = await measure(image);
    boots[name]?.push(measures);
    console.log(`# ${name}, boot ${run}: ${NAMES.map((what) => measures[what].toFixed(1)).join(" | ")}`);
  }
}
if (jsonFile !== undefined) await writeFile(jsonFile, `${JSON.stringify({ images, boots }, undefined, 1)}\n`);
console.log(
  `${"medians".padEnd(38)}${"ours".padStart(9)}${"upstream".padStart(10)}${"ratio".padStart(8)}  at most`,
);
for (const name of NAMES) {
  const mine = medianOf(boots.ours, name);
  const theirs = medianOf(boots.upstream, name);
  const [a, b] = [mine, theirs].map((value) => value?.toFixed(1) ?? "-");
  const ratio = mine !== undefined && theirs !== undefined ? (mine / theirs).toFixed(3) : "-";
  console.log(`${name.padEnd(38)}${a?.padStart(9)}${b?.padStart(10)}${ratio.padStart(8)}  ${LIMITS[name]}`);
}

function medianOf(list: readonly Measures[] = [], name: keyof Measures): number | undefined {
  const values = list.map((measures) => measures[name]).sort((a, b) => a - b);
  const middle = values.slice(Math.floor((values.length - 1) / 2), Math.floor(values.length / 2) + 1);
  return middle.length === 0 ? undefined : middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

async function measure(image: string): Promise<Measures> {
  await using amphora = await AmphoraGuest.powerOn(image, SHAPE);
  const poweredOn = performance.now();
  await amphora.answering(BOOT_MS);
  const answered = performance.now();
  const cpu = await amphora.guest.cpuSeconds();
  const started = await amphora.exec(
    "systemctl show --value --property ExecMainStartTimestampMonotonic amphora-agent",
  );
  const units = await amphora.exec(
    "systemctl list-units --type=service --state=running --plain --no-legend --no-pager",
  );
  const used = /^Mem:\s+\d+\s+(\d+)/m.exec(await amphora.exec("free -m"))?.[1];
  return {
    "qcow2, MB": (await stat(image)).size / 1e6,
    "Debian packages": (await amphora.exec("dpkg-query --show")).trim().split("\n").length,
    "running services": units
      .trim()
      .split("\n")
      .filter((line) => !OURSELVES.test(line)).length,
    "memory used, MB": Number(used),
    "power-on to first answer, s": (answered - poweredOn) / 1_000,
    "power-on to first answer, CPU s": cpu,
    "exec of the agent to first answer, s":
      (answered + (await guestClockOffset(amphora)) - Number(started) / 1_000) / 1_000,
  };
}

/** What has to be added to our clock to have the guest's, in milliseconds: by the look that came soonest. */
async function guestClockOffset(amphora: AmphoraGuest): Promise<number> {
  const looks = Array.from({ length: CLOCK_LOOKS }, () => "cat /proc/uptime; sleep 0.2").join("; ");
  let offset = Number.NEGATIVE_INFINITY;
  await amphora.exec(looks, (text) => {
    const uptime = Number(text.trim().split("\n").at(-1)?.split(" ")[0]) * 1_000;
    offset = Math.max(offset, uptime - performance.now());
  });
  return offset;
}
