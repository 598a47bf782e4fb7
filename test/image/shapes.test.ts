/** The image on other machines than the one of boot.test.ts: each time first boot, answer, and HTTP through a listener. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { AmphoraGuest, type Shape } from "./amphora-guest.ts";
import { GuestLoadBalancer } from "./load-balancer.ts";

const IMAGE = process.env.AMPHORA_IMAGE ?? "";
const SHAPES: readonly Shape[] = [
  { machine: "pc", bus: "cd", memoryMb: 1_024, handover: "user_data", format: "iso9660" },
  { machine: "q35", bus: "scsi", memoryMb: 512, handover: "personality", format: "iso9660" },
  { machine: "q35", bus: "virtio", memoryMb: 256, handover: "user_data", format: "vfat" },
];

for (const shape of SHAPES) {
  test(`it serves HTTP as ${shape.machine}, ${shape.format} by ${shape.bus}, ${shape.handover}, ${shape.memoryMb} MB`, async () => {
    assert.notEqual(IMAGE, "", "AMPHORA_IMAGE names the image to boot");
    const start = performance.now();
    await using amphora = await AmphoraGuest.powerOn(IMAGE, shape);
    await amphora.answering();
    const answered = performance.now();
    await using loadBalancer = await GuestLoadBalancer.create(amphora);
    await loadBalancer.plug();
    await loadBalancer.upload({ withTls: false });
    await loadBalancer.act("start");
    await loadBalancer.serves("HTTP");
    const [first, served] = [answered, performance.now()].map((at) => ((at - start) / 1_000).toFixed(1));
    const memory = (await amphora.exec("free -m")).split("\n")[1];
    console.log(`# ${shape.memoryMb} MB: first answer ${first} s, first request ${served} s; ${memory}`);
    assert.equal(await amphora.exec("dmesg | grep -i 'out of memory' || true"), "");
  });
}
