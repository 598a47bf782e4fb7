#!/bin/sh
# haproxy-vrrp-check SOCKET...: does each HAProxy answer? keepalived runs it every few seconds for years, so
# perl asks where there is one (perl-base is on every Debian and Ubuntu), in a tenth of the time that Node takes
# to start. docs/contract/tools.md, 1.3, has the rules; vrrp-check.ts is the same for other systems.
[ $# -gt 0 ] || exit 0
[ -x /usr/bin/perl ] || exec "$(dirname "$(readlink -f "$0")")/amphora.js" vrrp-check "$@"

# The first bytes of an answer say all that is asked: HAProxy's loop runs and takes commands. It stops writing
# the rest when nobody reads it. Socket.pm would take longer to load than everything else takes; its numbers
# are those of Linux: family and type 1, and a sockaddr_un of 2 + 108 bytes.
exec /usr/bin/perl -e '
  my $silent = 0;
  $SIG{PIPE} = "IGNORE";
  $SIG{ALRM} = sub { exit 1 };
  for my $path (@ARGV) {
    alarm 5;
    exit 1 if length $path > 107;
    socket(my $haproxy, 1, 1, 0) or exit 1;
    connect($haproxy, pack("SZ108", 1, $path)) or exit 1;
    syswrite($haproxy, "show stat -1 -1 -1\n") or exit 1;
    my $bytes = sysread($haproxy, my $answer, 4096);
    defined $bytes or exit 1;
    $silent++ if $bytes == 0;
  }
  exit($silent > 255 ? 255 : $silent);
' -- "$@"
