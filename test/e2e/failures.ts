/** What happens to the amphora that holds the VIP, and how it is made good. */
import { until } from "../integration/systemd-lab.ts";
import { type Amphora, HAPROXY_UNIT, VRRP_UNIT } from "./amphora.ts";

export interface Failure {
  readonly name: string;
  fail(amphora: Amphora): Promise<void>;
  repair(amphora: Amphora, vip: string): Promise<void>;
  /** What the agent tells then; without it, nobody can ask. */
  readonly rolesAfter?: readonly string[];
  /** The amphora that it happens to need not lose the VIP by it. */
  readonly mayStay?: boolean;
  /** Longest time without an answer that is tolerated, in milliseconds. */
  readonly longestGapMs: number;
}

const NO_RESTART = `/run/systemd/system/${HAPROXY_UNIT}.d/e2e.conf`;

/**
 * The times follow from the timers (documents.ts), with about two seconds for a busy machine: HAProxy's death is
 * seen after two checks; a peer that says nothing is dead after three advertisements and a share that its
 * priority gives (RFC 3768, 6.1: Master_Down_Interval, 3.65 s at most); one that says good-bye is gone at once.
 */
export const FAILURES: readonly Failure[] = [
  {
    name: "HAProxy killed, and not coming back",
    async fail({ machine }) {
      await machine.write(NO_RESTART, "[Service]\nRestart=no\nExecStartPre=/bin/false\n");
      await machine.exec("systemctl", ["daemon-reload"]);
      await machine.exec("systemctl", ["kill", "--signal=KILL", HAPROXY_UNIT]);
    },
    async repair(amphora) {
      await amphora.machine.exec("rm", ["-r", `/run/systemd/system/${HAPROXY_UNIT}.d`]);
      await amphora.machine.exec("systemctl", ["daemon-reload"]);
      await amphora.act("start");
    },
    // keepalived starts anew, to say good-bye at once.
    rolesAfter: ["none", "FAULT"],
    longestGapMs: 5_000,
  },
  {
    name: "HAProxy killed, and started again by systemd",
    async fail({ machine }) {
      const before = await machine.exec("systemctl", ["show", "--value", "--property=MainPID", HAPROXY_UNIT]);
      await machine.exec("systemctl", ["kill", "--signal=KILL", HAPROXY_UNIT]);
      await until("another HAProxy", async () => {
        const args = ["show", "--value", "--property=MainPID,ActiveState", HAPROXY_UNIT];
        const [pid, state] = (await machine.exec("systemctl", args)).split("\n");
        return state === "active" && pid !== before.trim();
      });
    },
    // Or systemd gives it up after five in ten seconds.
    repair: ({ machine }) => machine.exec("systemctl", ["reset-failed", HAPROXY_UNIT]).then(ignore),
    mayStay: true,
    longestGapMs: 5_000,
  },
  {
    name: "HAProxy stopped",
    // By hand: a controller that stops it wants no VIP either.
    fail: ({ machine }) => machine.exec("systemctl", ["stop", HAPROXY_UNIT]).then(ignore),
    repair: (amphora) => amphora.act("start"),
    rolesAfter: ["none", "FAULT"],
    longestGapMs: 5_000,
  },
  {
    name: "keepalived killed",
    async fail({ machine }) {
      await machine.exec("systemctl", ["kill", "--signal=KILL", "--kill-who=main", VRRP_UNIT]);
    },
    repair: (amphora) => amphora.vrrp("start"),
    // It is started again.
    rolesAfter: ["none", "BACKUP"],
    longestGapMs: 3_000,
  },
  {
    name: "keepalived killed with all its processes",
    async fail({ machine }) {
      // At once: a VRRP process that outlives the first one says good-bye, and is then killed with the VIP in place.
      for (const signal of ["STOP", "KILL"])
        await machine.exec("systemctl", ["kill", `--signal=${signal}`, VRRP_UNIT]);
    },
    repair: (amphora) => amphora.vrrp("start"),
    rolesAfter: ["none", "BACKUP"],
    longestGapMs: 6_000,
  },
  {
    name: "keepalived stopped",
    fail: (amphora) => amphora.vrrp("stop"),
    repair: (amphora) => amphora.vrrp("start"),
    rolesAfter: ["none"],
    longestGapMs: 3_000,
  },
  {
    name: "machine cut off",
    fail: ({ machine, management, tenant }) =>
      Promise.all([machine.setCarrier(tenant, "down"), machine.setCarrier(management, "down")]).then(ignore),
    repair: ({ machine, management, tenant }) =>
      Promise.all([machine.setCarrier(tenant, "up"), machine.setCarrier(management, "up")]).then(ignore),
    longestGapMs: 6_000,
  },
  {
    name: "machine killed",
    fail: ({ machine }) => machine.kill(),
    repair: (amphora, vip) => amphora.startAgain(vip),
    longestGapMs: 6_000,
  },
  {
    name: "machine shut down",
    fail: ({ machine }) => machine.stop(),
    repair: (amphora, vip) => amphora.startAgain(vip),
    longestGapMs: 4_000,
  },
];

function ignore(): void {
  // It has worked, which is all that matters.
}
