/** Waits until duplicate address detection is through with our addresses (docs/contract/network.md, 4.4). */
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../system/logger.ts";
import type { Netns } from "./netns.ts";
import { readAddresses } from "./read-state.ts";
import type { InterfaceFile, LinkAddress } from "./types.ts";

const GIVE_UP_AFTER_MS = 30_000;
/** RFC 4862, 5.4, with the kernel's defaults: one probe, then a second of listening. */
const USUAL_MS = 990;
const POLL_MS = 20;
/** When it takes longer than usual, it is not worth looking so often. */
const SLOW_POLL_MS = 200;

/**
 * Returns when none of `awaited` is tentative any more; addresses that nobody asked for, such as the kernel's
 * link-local one, are not waited for. Gives up, with a log line, after 30 s or when another host has the address.
 */
export async function waitForAddresses(
  { netns, logger }: { readonly netns: Netns; readonly logger: Logger },
  device: string,
  awaited: readonly string[],
): Promise<void> {
  const started = performance.now();
  await sleep(USUAL_MS);
  for (;;) {
    const addresses = (await readAddresses(netns, device)) ?? [];
    const pending = tentative(addresses, device, awaited);
    const duplicates = pending.filter((item) => item.duplicate).map((item) => item.address);
    if (duplicates.length > 0) {
      logger.error(
        { event: "network.address.duplicate", interface: device, addresses: duplicates },
        "another host on this network has the address",
      );
    }
    if (pending.every((item) => item.duplicate)) return;
    const waitedMs = performance.now() - started;
    if (waitedMs > GIVE_UP_AFTER_MS) {
      const still = pending.map((item) => item.address);
      logger.warn(
        { event: "network.address.late", interface: device, addresses: still },
        "duplicate address detection does not end; going on without it",
      );
      return;
    }
    await sleep(waitedMs < 2 * USUAL_MS ? POLL_MS : SLOW_POLL_MS);
  }
}

/** Those of `awaited` that the kernel does not use yet. */
export function tentative(
  addresses: readonly LinkAddress[],
  device: InterfaceFile["name"],
  awaited: readonly string[],
): LinkAddress[] {
  return addresses.filter(
    (item) => item.device === device && item.tentative && awaited.includes(item.address),
  );
}
