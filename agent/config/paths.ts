/** Places on an amphora that no option moves (docs/contract/rest-api.md, 4.3). */

export const NAMESPACE = "amphora-haproxy";
export const NAMESPACE_HANDLE = `/var/run/netns/${NAMESPACE}`;
export const UNIT_DIRECTORY = "/usr/lib/systemd/system";
export const KEEPALIVED = "/usr/sbin/keepalived";
export const USER_GROUP_FILE = "/var/lib/octavia/haproxy-default-user-group.conf";
export const PLUGGED_INTERFACES_FILE = "/var/lib/octavia/plugged_interfaces";
export const VIP_FIREWALL_FILE = "/var/lib/octavia/nftables-vip.rules";
export const SYSLOG_SOCKET = "/run/rsyslog/octavia/log";
export const PCI_RESCAN_FILE = "/sys/bus/pci/rescan";
/** Where the agent's standard output goes without journald: upstream's images, and the sandbox. */
export const AGENT_LOG_FILES = ["/var/log/amphora-agent.log", "/run/amphora-agent.log"];
/** Where the agent answers to root on the same machine; the daemon makes it, and `amphora status` asks. */
export const AGENT_SOCKET = "/run/amphora-agent.sock";
