"""A UDP listener: keepalived's, as far as the kernel goes."""

import socket
import threading

import database
import health
import tenant
from cloud import VIP
from octavia.common import constants
from octavia.db import models
from report import Unavailable, check, eventually

PORT = 5353
_DIRECTORY = "/var/lib/octavia/lvs"


def tell(world):
    cloud = world.cloud
    with world.step("a UDP listener is configured beside the others, and runs"):
        world.udp = tenant.listener(world.load_balancer, PORT, constants.PROTOCOL_UDP)
        world.update()
        config = cloud.hypervisor.run(world.amphora, "cat", f"{_DIRECTORY}/octavia-keepalivedlvs-{world.udp}.conf")
        check(world.udp in config, config)
        unit = f"octavia-keepalivedlvs-{world.udp}.service"
        check(cloud.hypervisor.run(world.amphora, "systemctl", "is-active", unit) == "active")
        check(cloud.hypervisor.run(world.amphora, "systemctl", "is-enabled", unit) == "enabled")
    with world.step("listeners and details tell of it beside the others"):
        found = {entry["uuid"]: entry["type"] for entry in cloud.call("get_all_listeners", world.amphora)}
        check(found == {world.http: "HTTP", world.udp: "UDP"}, found)
        details = cloud.call("get_details", world.amphora)
        check(set(details["listeners"]) == {world.http, world.udp}, details)
        check(details["lvs_listener_process_count"] == 1, details)
    with world.step("a UDP listener passes datagrams to its member, which its monitor finds online"):
        _pass_datagrams(world)
    with world.step("a deleted UDP listener leaves nothing; the others serve"):
        cloud.delete_listener(world.udp)
        check(cloud.hypervisor.run(world.amphora, "find", _DIRECTORY, "-name", f"*{world.udp}*") == "")
        found = [entry["uuid"] for entry in cloud.call("get_all_listeners", world.amphora)]
        check(found == [world.http], found)
        world.update()


def _pass_datagrams(world):
    cloud = world.cloud
    if cloud.hypervisor.run(world.amphora, "find", "/proc/net", "-name", "ip_vs", "-maxdepth", "1") == "":
        raise Unavailable("this machine's kernel has no ip_vs, and keepalived's virtual servers need it")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((world.members[0].address, PORT))
        threading.Thread(target=_echo, args=(server,), daemon=True).start()
        member = world.members[0]
        pool = database.add(
            models.Pool,
            load_balancer_id=world.load_balancer,
            protocol=constants.PROTOCOL_UDP,
            lb_algorithm=constants.LB_ALGORITHM_ROUND_ROBIN,
        )
        columns = {"pool_id": pool, "ip_address": member.address, "protocol_port": PORT, "weight": 1, "backup": False}
        row = database.add(models.Member, **columns)
        monitor = {"type": constants.HEALTH_MONITOR_UDP_CONNECT, "http_method": None, "url_path": None}
        tenant.health_monitor(pool, **monitor, expected_codes=None)
        database.change(models.Listener, world.udp, default_pool_id=pool)
        world.update()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(1)
            check(eventually(lambda: _ask(client)) == b"datagram")
        health.becomes(models.Member, row, constants.ONLINE)
        health.becomes(models.Listener, world.udp, constants.ONLINE)


def _ask(client):
    client.sendto(b"datagram", (VIP, PORT))
    return client.recv(100)


def _echo(server):
    while True:
        try:
            data, sender = server.recvfrom(100)
            server.sendto(data, sender)
        except OSError:
            return
