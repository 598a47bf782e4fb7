"""What is changed in a load balancer's later life, until nothing is left of it."""

import hashlib
import socket
import ssl

import database
import health
import settings
import tenant
from cloud import VIP
from octavia.amphorae.drivers.haproxy import exceptions
from octavia.common import constants
from octavia.db import models
from oslo_config import cfg
from report import check, eventually
from steps_http import PORT as HTTP_PORT
from steps_tls import CERTIFICATES, REENCRYPT_PORT
from steps_tls import PORT as TLS_PORT
from traffic import answers, fetch, is_refused

AGENT_PORT = 9443
CONFIGURATION = "/etc/octavia/amphora-agent.conf"


def tell(world):
    _refusals(world)
    _tcp(world)
    _disable(world)
    _rotate(world)
    _agent_config(world)
    _delete(world)


def _refusals(world):
    cloud = world.cloud
    with world.step("a configuration that HAProxy refuses is an invalid request and changes nothing"):
        try:
            cloud.call("upload_config", world.amphora, world.load_balancer, "frontend nonsense\n    bind nowhere\n")
        except exceptions.InvalidRequest:
            pass
        else:
            raise AssertionError("it was accepted")
        check(set(answers(VIP, HTTP_PORT)) == {"one", "two"})
        cloud.driver.reload(database.load_balancer(world.load_balancer))
        check(set(answers(VIP, HTTP_PORT)) == {"one", "two"})


def _tcp(world):
    with world.step("a TCP listener passes bytes on"):
        pool, _ = tenant.pool(world.load_balancer, world.members[:1], constants.PROTOCOL_TCP)
        world.tcp = tenant.listener(
            world.load_balancer, 9000, constants.PROTOCOL_TCP, default_pool_id=pool
        )
        world.update()
        check(answers(VIP, 9000, 2) == ["one", "one"])
        types = {entry["uuid"]: entry["type"] for entry in world.cloud.call("get_all_listeners", world.amphora)}
        check(types[world.tcp] == "TCP", types)


def _disable(world):
    with world.step("a disabled listener refuses connections and is offline; the others serve"):
        database.change(models.Listener, world.tcp, enabled=False)
        world.update()
        check(eventually(lambda: is_refused(VIP, 9000)))
        check(set(answers(VIP, HTTP_PORT)) == {"one", "two"})
        health.becomes(models.Listener, world.tcp, constants.OFFLINE)
        health.becomes(models.Listener, world.http, constants.ONLINE)


def _rotate(world):
    cloud = world.cloud
    with world.step("a rotated agent certificate is shown on the next connection"):
        before = _agent_certificate(world)
        uploaded = cloud.rotate_certificate(world.amphora)
        after = _agent_certificate(world)
        check(after != before)
        certificate = ssl.PEM_cert_to_DER_cert(uploaded.decode().split("-----BEGIN RSA")[0])
        check(after == hashlib.sha256(certificate).hexdigest())
        cloud.get_info(world.amphora)


def _agent_certificate(world):
    """SHA-256 of what the agent shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cfg.CONF.haproxy_amphora.server_ca)
    context.load_cert_chain(cfg.CONF.haproxy_amphora.client_cert)
    context.check_hostname = False
    address = database.amphora(world.amphora).lb_network_ip
    with socket.create_connection((address, AGENT_PORT), 5) as plain:
        with context.wrap_socket(plain) as connection:
            return hashlib.sha256(connection.getpeercert(binary_form=True)).hexdigest()


def _agent_config(world):
    cloud = world.cloud
    with world.step("a new agent configuration is on disk"):
        cfg.CONF.set_override("heartbeat_interval", 4, "health_manager")
        cloud.update_agent_config(world.amphora)
        text = cloud.hypervisor.run(world.amphora, "cat", CONFIGURATION)
        check("heartbeat_interval = 4\n" in f"{text}\n", text)
        check(settings.HEARTBEAT_KEY in text, text)
    name = "heartbeats follow the new configuration"
    if cloud.agent == "upstream" and not hasattr(cloud.driver, "check"):
        world.report.skip(name, "Zed's agent does not tell its heartbeat sender; releases since do")
        return
    with world.step(name):
        # One interval may have begun before the change.
        beats = [_next_beat(world) for _ in range(3)]
        check(3 < (beats[2] - beats[1]).total_seconds() < 6, beats)


def _next_beat(world):
    last = health.last_update(world.amphora)

    def newer():
        found = health.last_update(world.amphora)
        return found if found != last else None

    return eventually(newer, 15)


def _delete(world):
    cloud = world.cloud
    with world.step("a deleted TLS listener takes its certificates along; the others serve"):
        cloud.delete_listener(world.tls)
        check(eventually(lambda: is_refused(VIP, TLS_PORT)))
        check(set(answers(VIP, HTTP_PORT)) == {"one", "two"})
        names = {
            f"{hashlib.sha1(identity.pem.encode()).hexdigest()}.pem" for identity in world.identities.values()
        }
        path = f"{CERTIFICATES}/{world.load_balancer}"
        left = set(cloud.hypervisor.run(world.amphora, "ls", path).split())
        check(not names & left, left)
    with world.step("with its last listener gone, nothing of the load balancer is left"):
        for listener in (world.reencrypt, world.tcp, world.http):
            cloud.delete_listener(listener)
        for port in (HTTP_PORT, REENCRYPT_PORT):
            check(eventually(lambda port=port: is_refused(VIP, port)))
        check(cloud.call("get_all_listeners", world.amphora) == [])
        check(cloud.call("get_details", world.amphora)["listeners"] == [])
        for path in (f"/var/lib/octavia/{world.load_balancer}", f"{CERTIFICATES}/{world.load_balancer}"):
            check(cloud.hypervisor.run(world.amphora, "find", "/var/lib/octavia", "-path", path) == "", path)
    with world.step("deleting what is gone already succeeds"):
        cloud.call("delete_listener", world.amphora, world.load_balancer)
