/** Follows the roles of keepalived's VRRP instances through the pipe that it writes changes to. */
import { KEEPALIVED } from "../config/paths.ts";
import { asError } from "../errors.ts";
import { type Fifo, readFifo } from "../system/fifo.ts";
import { modifiedNs } from "../system/file-stamp.ts";
import { readIfPresent, replaceFileUnsynced } from "../system/files.ts";
import type { Logger } from "../system/logger.ts";
import { runningPid } from "../system/processes.ts";
import type { VrrpLayout } from "./layout.ts";
import { type Notification, parseNotification } from "./parse-notification.ts";
import { encodeRoles, parseRoles } from "./parse-roles.ts";
import type { VrrpInstance } from "./types.ts";

export class FollowedRoles {
  readonly #layout: VrrpLayout;
  readonly #logger: Logger;
  /** Which start of keepalived the instances are of. */
  #keepalived: string | undefined;
  readonly #instances = new Map<string, VrrpInstance>();
  #fifo: Fifo | undefined;

  private constructor(layout: VrrpLayout, logger: Logger) {
    this.#layout = layout;
    this.#logger = logger;
  }

  /** Begins with what an earlier agent has heard. @throws the system error of the reading */
  static async create(layout: VrrpLayout, logger: Logger): Promise<FollowedRoles> {
    const roles = new FollowedRoles(layout, logger);
    const text = await readIfPresent(layout.roles);
    const known = text && parseRoles(text.toString("utf8"));
    roles.#keepalived = known?.keepalived;
    for (const instance of known?.instances ?? []) roles.#instances.set(instance.name, instance);
    return roles;
  }

  /** Opens the pipe that is there now, unless it is open. @throws the system error */
  async open(): Promise<void> {
    if (await this.#fifo?.isInPlace()) return;
    this.#fifo?.close();
    this.#fifo = await readFifo(this.#layout.notifications, (lines, written) => this.#hear(lines, written));
  }

  async current(): Promise<readonly VrrpInstance[]> {
    const keepalived = await this.#running();
    return keepalived !== undefined && keepalived === this.#keepalived ? [...this.#instances.values()] : [];
  }

  close(): void {
    this.#fifo?.close();
  }

  async #hear(lines: readonly string[], written: Date): Promise<void> {
    try {
      const keepalived = await this.#running();
      if (keepalived !== this.#keepalived) this.#instances.clear();
      this.#keepalived = keepalived;
      for (const line of lines) {
        const notification = parseNotification(line);
        if (notification) this.#note(notification, written.toISOString());
      }
      const record = { keepalived: keepalived ?? "", instances: [...this.#instances.values()] };
      await replaceFileUnsynced(this.#layout.roles, encodeRoles(record), 0o644);
    } catch (error) {
      // What was heard is known; only the next agent would not know it.
      this.#logger.warn(
        { event: "vrrp.roles.failed", err: asError(error) },
        "roles of VRRP instances not kept",
      );
    }
  }

  #note({ instance, role }: Notification, since: string): void {
    const before = this.#instances.get(instance)?.role;
    if (role === before) return;
    if (role) this.#instances.set(instance, { name: instance, role, since });
    else this.#instances.delete(instance);
    const fields = { event: "vrrp.role.changed", instance, role: role ?? "none", before: before ?? "none" };
    this.#logger.info({ ...fields, since }, "role of a VRRP instance changed");
  }

  /** Names this start of keepalived: it writes its pid file once, before anything else. */
  async #running(): Promise<string | undefined> {
    const { pidFile } = this.#layout;
    const [pid, startedNs] = await Promise.all([runningPid(pidFile, KEEPALIVED), modifiedNs(pidFile)]);
    return pid === undefined || startedNs === undefined ? undefined : `${pid} ${startedNs}`;
  }
}
