#!/bin/sh
# dib-lint: disable=indent
# lvs-masquerade.sh add|delete ipv4|ipv6 INTERFACE [sriov]
#
# UDP and SCTP that IPVS forwards out of INTERFACE take the amphora's own address, and TCP, which HAProxy
# ends itself, is kept out of connection tracking. Not so on an SR-IOV port: its firewall needs the tracking.
# "add" may be repeated; it adds what is missing.
set -e

usage() {
  echo "Usage: $0 add|delete ipv4|ipv6 INTERFACE [sriov]"
  exit 1
}

[ $# -ge 3 ] || usage
action=$1 family=$2 interface=$3 mode=${4:-}
case $action in add | delete) ;; *) usage ;; esac
case $family in
  ipv4) nft_family=ip iptables=/sbin/iptables ;;
  ipv6) nft_family=ip6 iptables=/sbin/ip6tables ;;
  *) usage ;;
esac
# It becomes a word of a rule.
case $interface in *[!A-Za-z0-9._-]* | '') usage ;; esac

table="$nft_family octavia-$family"

# PROTOCOL -> its number (IANA, Protocol Numbers).
number_of() {
  case $1 in tcp) echo 6 ;; udp) echo 17 ;; sctp) echo 132 ;; esac
}

# CHAIN RULE -> one line of nft, unless the chain has that rule.
missing_rule() {
  case $present in
    *"chain $1 {"*"$2"*)
      # The rule is somewhere after the chain's head; look for it in this chain only.
      chain=${present#*"chain $1 {"}
      case ${chain%%\}*} in *"$2"*) return 0 ;; esac
      ;;
  esac
  echo "add rule $table $1 $2"
}

nft_add() {
  # By number: names are shown only where there is an /etc/protocols.
  present=$(nft --numeric-protocol list table $table 2>/dev/null) || present=
  {
    echo "add table $table"
    for protocol in udp sctp; do
      echo "add chain $table $nft_family-$protocol-masq { type nat hook postrouting priority 100; }"
      missing_rule "$nft_family-$protocol-masq" "oifname \"$interface\" meta l4proto $(number_of $protocol) masquerade"
    done
    if [ "$mode" != sriov ]; then
      echo "add chain $table prerouting { type filter hook prerouting priority -300; }"
      echo "add chain $table output { type filter hook output priority -300; }"
      missing_rule prerouting "iifname \"$interface\" meta l4proto $(number_of tcp) notrack"
      missing_rule output "oifname \"$interface\" meta l4proto $(number_of tcp) notrack"
    fi
  } | nft -f -
}

nft_delete() {
  for protocol in udp sctp; do
    nft flush chain $table "$nft_family-$protocol-masq"
    nft delete chain $table "$nft_family-$protocol-masq"
  done
  [ "$mode" != sriov ] || return 0
  for chain in prerouting output; do
    nft flush chain $table $chain 2>/dev/null || true
    nft delete chain $table $chain 2>/dev/null || true
  done
}

# TABLE CHAIN RULE...
iptables_add() {
  rules=$1 chain=$2
  shift 2
  "$iptables" -w -t "$rules" -C "$chain" "$@" 2>/dev/null || "$iptables" -w -t "$rules" -A "$chain" "$@"
}

iptables_delete() {
  rules=$1 chain=$2
  shift 2
  "$iptables" -w -t "$rules" -D "$chain" "$@"
}

with_iptables() {
  "iptables_$action" nat POSTROUTING -p udp -o "$interface" -j MASQUERADE
  "iptables_$action" nat POSTROUTING -p sctp -o "$interface" -j MASQUERADE
  [ "$mode" != sriov ] || return 0
  if [ "$action" = delete ]; then
    iptables_delete raw PREROUTING -p tcp -i "$interface" -j NOTRACK || true
    iptables_delete raw OUTPUT -p tcp -o "$interface" -j NOTRACK || true
  else
    iptables_add raw PREROUTING -p tcp -i "$interface" -j NOTRACK
    iptables_add raw OUTPUT -p tcp -o "$interface" -j NOTRACK
  fi
}

if command -v nft >/dev/null 2>&1; then
  "nft_$action"
else
  with_iptables
fi
