/** Where the files of this amphora's VRRP are (docs/contract/rest-api.md, 2.6 and 2.7). */

export interface VrrpLayout {
  readonly directory: string;
  readonly config: string;
  /** What keepalived is started with: it includes the controller's configuration and names the pipe. */
  readonly entryConfig: string;
  /** What to take off the interfaces before keepalived starts: commands of `ip -batch`. */
  readonly leftovers: string;
  /** keepalived writes each change of a role to this pipe. */
  readonly notifications: string;
  /** The roles as they were last told, for the next agent. */
  readonly roles: string;
  readonly pidFile: string;
  /** Of keepalived's VRRP process, which outlives its parent for some moments. */
  readonly vrrpPidFile: string;
  /** Decides whether this amphora may hold the VIP; the controller's configuration names the same path. */
  readonly checkScript: string;
  /** What the check script runs. */
  readonly checkScripts: string;
  readonly haproxyCheck: string;
  readonly lvsCheck: string;
  /** What keepalived prints when the agent itself runs it. */
  readonly output: string;
  /** Whether the agent itself has to run it. */
  readonly record: string;
}

export function vrrpLayout(basePath: string): VrrpLayout {
  const directory = `${basePath}/vrrp`;
  const stem = `${directory}/octavia-keepalived`;
  const checkScripts = `${directory}/check_scripts`;
  return {
    directory,
    config: `${stem}.conf`,
    entryConfig: `${directory}/amphora-agent.conf`,
    leftovers: `${directory}/leftovers.batch`,
    notifications: `${directory}/notifications`,
    roles: `${directory}/roles.json`,
    pidFile: `${stem}.pid`,
    vrrpPidFile: `${stem}.vrrp.pid`,
    checkScript: `${directory}/check_script.sh`,
    checkScripts,
    haproxyCheck: `${checkScripts}/haproxy_check_script.sh`,
    lvsCheck: `${checkScripts}/lvs_udp_check.sh`,
    output: `${stem}.out`,
    record: `${directory}/supervisor.json`,
  };
}
