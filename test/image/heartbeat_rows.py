"""Octavia's health manager code and database: what it makes of heartbeats.

`python heartbeat_rows.py DIRECTORY KEY`. The first line of the input is the load balancer as JSON; every other line is a
heartbeat in hexadecimal digits, answered by the rows as JSON.
"""

import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "conformance" / "controller"))

import settings  # noqa: E402

# Octavia's log goes to standard output; what is asked of this program goes to the one that it began with.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

directory, key = sys.argv[1:3]
settings.load(settings.write(directory))

import database  # noqa: E402
import tenant  # noqa: E402
from octavia.amphorae.backends.health_daemon import status_message  # noqa: E402
from octavia.amphorae.drivers.health import heartbeat_udp  # noqa: E402
from octavia.common import constants  # noqa: E402
from octavia.db import models  # noqa: E402


def create(spec):
    load_balancer = database.add(models.LoadBalancer, topology="SINGLE", provider="amphora")
    database.add(models.Vip, load_balancer_id=load_balancer, ip_address="10.1.0.5")
    database.add(
        models.Amphora, id=spec["amphora"], load_balancer_id=load_balancer, status=constants.AMPHORA_ALLOCATED
    )
    for listener in spec["listeners"]:
        pool = database.add(
            models.Pool,
            id=listener["pool"],
            load_balancer_id=load_balancer,
            protocol=listener["protocol"],
            lb_algorithm=constants.LB_ALGORITHM_ROUND_ROBIN,
        )
        if listener["monitor"]:
            monitor = {"type": listener["monitor"], "http_method": None, "url_path": None}
            tenant.health_monitor(pool, **monitor, expected_codes=None)
        for member in listener["members"]:
            database.add(
                models.Member,
                id=member["id"],
                pool_id=pool,
                ip_address=member["address"],
                protocol_port=member["port"],
                weight=1,
                backup=False,
                enabled=member["enabled"],
                operating_status=constants.NO_MONITOR,
            )
        tenant.listener(
            load_balancer, listener["port"], listener["protocol"], id=listener["id"], default_pool_id=pool
        )
    return load_balancer


def take(datagram):
    """As the health manager does with a datagram, without its threads. Raises what it would log."""
    message = status_message.unwrap_envelope(datagram, key)
    message["recv_time"] = time.time()
    updater = heartbeat_udp.UpdateHealthDb()
    updater._update_health(message, "10.0.0.15")
    heartbeat_udp.update_stats(message)
    return message["id"]


def rows(spec, load_balancer):
    def status(model, row):
        return database.operating_status(model, row)

    names = ("bytes_in", "bytes_out", "active_connections", "total_connections", "request_errors")
    return {
        "loadBalancer": status(models.LoadBalancer, load_balancer),
        "isAlive": database.column(models.AmphoraHealth, "last_update", amphora_id=spec["amphora"]) is not None,
        "listeners": {each["id"]: status(models.Listener, each["id"]) for each in spec["listeners"]},
        "pools": {each["pool"]: status(models.Pool, each["pool"]) for each in spec["listeners"]},
        "members": {
            member["id"]: status(models.Member, member["id"])
            for each in spec["listeners"]
            for member in each["members"]
        },
        "statistics": {
            each["id"]: {
                name: database.column(models.ListenerStatistics, name, listener_id=each["id"]) for name in names
            }
            for each in spec["listeners"]
        },
    }


database.create()
spec = json.loads(sys.stdin.readline())
load_balancer = create(spec)
for line in sys.stdin:
    take(bytes.fromhex(line))
    print(json.dumps(rows(spec, load_balancer)), file=answers, flush=True)
