"""What a tenant asks of Octavia's API, as the rows that come of it."""

import database
from octavia.common import constants
from octavia.db import models


def listener(load_balancer_id, port, protocol=constants.PROTOCOL_HTTP, **columns):
    return database.add(
        models.Listener,
        **{
            "load_balancer_id": load_balancer_id,
            "protocol": protocol,
            "protocol_port": port,
            # HAProxy asks for two files a connection, and containers often have a hard limit of some thousands.
            "connection_limit": 500,
            "peer_port": 1025,
            "insert_headers": {},
            "timeout_client_data": 50_000,
            "timeout_member_connect": 5_000,
            "timeout_member_data": 50_000,
            "timeout_tcp_inspect": 0,
            **columns,
        },
    )


def pool(load_balancer_id, members, protocol=constants.PROTOCOL_HTTP, **columns):
    """Returns its id, and the ids of its members by their names."""
    pool_id = database.add(
        models.Pool,
        **{
            "load_balancer_id": load_balancer_id,
            "protocol": protocol,
            "lb_algorithm": constants.LB_ALGORITHM_ROUND_ROBIN,
            **columns,
        },
    )
    return pool_id, {each.name: member(pool_id, each) for each in members}


def member(pool_id, server, **columns):
    return database.add(
        models.Member,
        **{
            "pool_id": pool_id,
            "ip_address": server.address,
            "protocol_port": server.port,
            "weight": 1,
            "backup": False,
            "operating_status": constants.NO_MONITOR,
            **columns,
        },
    )


def health_monitor(pool_id, **columns):
    return database.add(
        models.HealthMonitor,
        **{
            "pool_id": pool_id,
            "type": constants.HEALTH_MONITOR_HTTP,
            "delay": 1,
            "timeout": 1,
            "fall_threshold": 2,
            "rise_threshold": 1,
            "http_method": "GET",
            "url_path": "/health",
            "expected_codes": "200",
            **columns,
        },
    )


def l7policy(listener_id, position, path, action, **columns):
    """A policy for paths that start with `path`."""
    policy_id = database.add(models.L7Policy, listener_id=listener_id, position=position, action=action, **columns)
    database.add(
        models.L7Rule,
        l7policy_id=policy_id,
        type=constants.L7RULE_TYPE_PATH,
        compare_type=constants.L7RULE_COMPARE_TYPE_STARTS_WITH,
        value=path,
    )
    return policy_id
