import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGroups } from "../../../agent/status/parse-groups.ts";

const UNIFIED = "29 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
const SEPARATE = `30 23 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
31 23 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
32 23 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 23 0:30 / /proc rw - proc proc rw
`;

test("all groups up to the root's, in one hierarchy", () => {
  const directories = [
    "/sys/fs/cgroup/system.slice/amphora-agent.service",
    "/sys/fs/cgroup/system.slice",
    "/sys/fs/cgroup",
  ];
  assert.deepEqual(parseGroups("0::/system.slice/amphora-agent.service\n", UNIFIED), {
    tasks: directories,
    memory: directories,
    memoryVersion: 2,
  });
});

test("each controller's own, where there is a hierarchy for each", () => {
  const groups = "9:name=systemd:/x\n8:pids:/a/b\n4:memory:/m\n0::/u\n";
  assert.deepEqual(parseGroups(groups, SEPARATE), {
    tasks: ["/sys/fs/cgroup/pids/a/b", "/sys/fs/cgroup/pids/a", "/sys/fs/cgroup/pids"],
    memory: ["/sys/fs/cgroup/memory/m", "/sys/fs/cgroup/memory"],
    memoryVersion: 1,
  });
});

test("a mount that shows a part of a hierarchy, and a group outside of it", () => {
  const mounts = "29 23 0:26 /machine /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  assert.deepEqual(parseGroups("0::/machine/a\n", mounts).tasks, ["/sys/fs/cgroup/a", "/sys/fs/cgroup"]);
  assert.deepEqual(parseGroups("0::/machine\n", mounts).tasks, ["/sys/fs/cgroup"]);
  for (const groups of ["0::/other/a\n", "0::/machines/a\n", "0::/machine/../a\n", ""]) {
    assert.deepEqual(parseGroups(groups, mounts).tasks, [], groups);
  }
  assert.deepEqual(parseGroups("0::/a\n", "").tasks, []);
});
