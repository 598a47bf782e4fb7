import assert from "node:assert/strict";
import { test } from "node:test";
import { parseInstanceNames } from "../../../agent/vrrp/parse-instances.ts";

test("every instance of a configuration is found, and nothing else", () => {
  const config = `# vrrp_instance commented
vrrp_script check_script {
}
vrrp_instance one {
    interface eth1 # vrrp_instance no
}
  vrrp_instance\ttwo{
}
vrrp_sync_group three {
}
`;
  assert.deepEqual([...parseInstanceNames(config)], ["one", "two"]);
});
