"""HTTP listeners, their members' health, and what the health manager makes of both."""

import concurrent.futures
import time

import database
import health
import tenant
from cloud import ADDITIONAL_VIPS, VIP
from octavia.common import constants
from octavia.db import models
from report import check, eventually
from traffic import answers, fetch, raw

PORT = 80


def tell(world):
    _listener(world)
    _health(world)
    _statistics(world)
    _l7(world)
    _member_states(world)


def _listener(world):
    cloud = world.cloud
    with world.step("an HTTP listener serves its members in turn", essential=True):
        world.pool, world.pool_members = tenant.pool(world.load_balancer, world.members)
        world.http = tenant.listener(
            world.load_balancer,
            PORT,
            default_pool_id=world.pool,
            insert_headers={"X-Forwarded-For": "true", "X-Forwarded-Port": "true"},
        )
        world.update()
        check(sorted(answers(VIP, PORT, 4)) == ["one", "one", "two", "two"], answers(VIP, PORT, 4))
    with world.step("every additional VIP serves too"):
        for address, _ in ADDITIONAL_VIPS:
            check(set(answers(address, PORT, 4)) == {"one", "two"}, address)
    with world.step("members are told the client's address and the listener's port"):
        headers = fetch(VIP, PORT).json["headers"]
        check(headers.get("x-forwarded-for") == "203.0.113.1", headers)
        check(headers.get("x-forwarded-port") == str(PORT), headers)
    with world.step("listeners and details tell of it"):
        found = cloud.call("get_all_listeners", world.amphora)
        check(found == [{"status": "ACTIVE", "uuid": world.http, "type": "HTTP"}], found)
        details = cloud.call("get_details", world.amphora)
        check(details["listeners"] == [world.http], details)
        check(all(isinstance(details["memory"][key], int) for key in ("free", "buffers", "cached")), details)
        check(set(details["networks"]) == {"eth1", "eth2"}, details)


def _health(world):
    with world.step("heartbeats pass the health manager: the load balancer and all in it are online"):
        health.becomes(models.LoadBalancer, world.load_balancer, constants.ONLINE)
        health.becomes(models.Listener, world.http, constants.ONLINE)
        health.becomes(models.Pool, world.pool, constants.ONLINE)
        first = eventually(lambda: health.last_update(world.amphora))
        eventually(lambda: health.last_update(world.amphora) > first)
    with world.step("members without a monitor have no status of their own"):
        for member in world.pool_members.values():
            health.becomes(models.Member, member, constants.NO_MONITOR)
    with world.step("with a monitor, members come online"):
        tenant.health_monitor(world.pool)
        world.update()
        for member in world.pool_members.values():
            health.becomes(models.Member, member, constants.ONLINE)
    with world.step("a member that fails its checks gets no traffic and is in error; all above is degraded"):
        world.members[0].healthy = False
        eventually(lambda: set(answers(VIP, PORT)) == {"two"})
        health.becomes(models.Member, world.pool_members["one"], constants.ERROR)
        health.becomes(models.Pool, world.pool, constants.DEGRADED)
        health.becomes(models.LoadBalancer, world.load_balancer, constants.DEGRADED)
        health.becomes(models.Member, world.pool_members["two"], constants.ONLINE)
    with world.step("when every member is gone the pool and the load balancer are in error, clients get 503"):
        world.members[1].stop()
        health.becomes(models.Member, world.pool_members["two"], constants.ERROR)
        health.becomes(models.Pool, world.pool, constants.ERROR)
        health.becomes(models.LoadBalancer, world.load_balancer, constants.ERROR)
        check(fetch(VIP, PORT).status == 503)
        health.becomes(models.Listener, world.http, constants.ONLINE)
    with world.step("members that recover are online again, and so is all above"):
        world.members[0].healthy = True
        world.members[1].start()
        for member in world.pool_members.values():
            health.becomes(models.Member, member, constants.ONLINE)
        health.becomes(models.Pool, world.pool, constants.ONLINE)
        health.becomes(models.LoadBalancer, world.load_balancer, constants.ONLINE)
        eventually(lambda: set(answers(VIP, PORT)) == {"one", "two"})


def _statistics(world):
    requests = 25
    with world.step("statistics count each connection and its bytes, once"):
        before = _settled(world)
        sent = received = 0
        for _ in range(requests):
            answer = fetch(VIP, PORT, headers={"X-Padding": "x" * 1000})
            sent += 1000
            received += len(answer.text)
        eventually(lambda: _grown(world, before, requests))
        # Bytes are counted when a connection ends, which the next heartbeat tells.
        after = _settled(world)
        check(after["total_connections"] == before["total_connections"] + requests, before, after)
        check(sent < after["bytes_in"] - before["bytes_in"] < 2 * sent, before, after, sent)
        check(received < after["bytes_out"] - before["bytes_out"] < 2 * received, before, after, received)
    with world.step("statistics count a request that is none as an error, and go on over a reload"):
        before = _settled(world)
        check(raw(VIP, PORT, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400"))
        after = eventually(lambda: _grown(world, before, 1))
        check(after["request_errors"] == before["request_errors"] + 1, before, after)
        world.update()
        fetch(VIP, PORT)
        check(eventually(lambda: _grown(world, after, 1))["total_connections"] == after["total_connections"] + 1)


def _settled(world):
    """What two heartbeats, one after another, have left unchanged."""

    def unchanged():
        found = health.statistics(world.http, world.amphora)
        seen = health.last_update(world.amphora)
        eventually(lambda: (health.last_update(world.amphora) - seen).total_seconds() > 1.5)
        return found if health.statistics(world.http, world.amphora) == found else None

    return eventually(unchanged)


def _grown(world, before, connections):
    found = health.statistics(world.http, world.amphora)
    check(found["total_connections"] >= before["total_connections"] + connections, before, found)
    return found


def _l7(world):
    with world.step("L7 policies redirect, reject, and choose another pool"):
        other, _ = tenant.pool(world.load_balancer, world.members[1:])
        redirect = {"redirect_url": "https://elsewhere.example/", "redirect_http_code": 301}
        tenant.l7policy(world.http, 1, "/old", constants.L7POLICY_ACTION_REDIRECT_TO_URL, **redirect)
        tenant.l7policy(world.http, 2, "/private", constants.L7POLICY_ACTION_REJECT)
        to_prefix = {"redirect_prefix": "https://prefix.example", "redirect_http_code": 307}
        tenant.l7policy(world.http, 3, "/moved", constants.L7POLICY_ACTION_REDIRECT_PREFIX, **to_prefix)
        tenant.l7policy(
            world.http, 4, "/two", constants.L7POLICY_ACTION_REDIRECT_TO_POOL, redirect_pool_id=other
        )
        world.update()
        old, moved = fetch(VIP, PORT, "/old"), fetch(VIP, PORT, "/moved/x")
        check((old.status, old.headers["Location"]) == (301, "https://elsewhere.example/"), old.headers)
        check(
            (moved.status, moved.headers["Location"]) == (307, "https://prefix.example/moved/x"), moved.headers
        )
        check(fetch(VIP, PORT, "/private").status == 403)
        check(set(answers(VIP, PORT, path="/two")) == {"two"})
        check(set(answers(VIP, PORT)) == {"one", "two"})
    with world.step("a pool of a policy is reported beside the default one"):
        health.becomes(models.Pool, other, constants.ONLINE)


def _member_states(world):
    with world.step("a weight of zero drains a member"):
        database.change(models.Member, world.pool_members["one"], weight=0)
        world.update()
        check(set(answers(VIP, PORT)) == {"two"})
        health.becomes(models.Member, world.pool_members["one"], constants.DRAINING)
    with world.step("a disabled member is offline"):
        database.change(models.Member, world.pool_members["one"], weight=1, enabled=False)
        world.update()
        check(set(answers(VIP, PORT)) == {"two"})
        health.becomes(models.Member, world.pool_members["one"], constants.OFFLINE)
        database.change(models.Member, world.pool_members["one"], enabled=True)
        world.update()
        health.becomes(models.Member, world.pool_members["one"], constants.ONLINE)
    with world.step("a request that is on its way when the configuration changes is answered"):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            slow = [pool.submit(fetch, VIP, PORT, "/slow") for _ in range(4)]
            eventually(lambda: sum(member.busy for member in world.members) == 4)
            world.update()
            check([each.result().status for each in slow] == [200] * 4)
