#!/bin/sh
# HAProxy runs it for members with a PING monitor: the address is in a variable, arguments do not matter.
case $HAPROXY_SERVER_ADDR in
    *:*) exec /bin/ping -6 -q -n -w 1 -c 1 "$HAPROXY_SERVER_ADDR" >/dev/null 2>&1 ;;
    *) exec /bin/ping -q -n -w 1 -c 1 "$HAPROXY_SERVER_ADDR" >/dev/null 2>&1 ;;
esac
