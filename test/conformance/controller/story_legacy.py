"""API 0.5, which Octavia spoke until Rocky, and Zed was the last to know: a process per listener."""

import database
import health
import steps_plug
import tenant
from cloud import VIP, VIP_SUBNET, mac_of
from octavia.common import constants
from octavia.db import models
from octavia.network import data_models as network
from pki import Authority
from report import check, eventually
from traffic import answers, client_context, fetch, is_refused
from world import World

PORT, TLS_PORT = 80, 443


def tell(report, cloud):
    name = "the life of a load balancer over API 0.5"
    if "0.5" not in cloud.driver.clients:
        report.skip(name, "this release of Octavia has no client for it any more; Zed was the last")
    elif cloud.agent == "upstream":
        report.skip(name, "no agent of upstream since Stein serves it, and Rocky's does not run on this Python")
    else:
        with health.manager(cloud.directory):
            Legacy(World(report, cloud)).tell()


class Legacy:
    def __init__(self, world):
        self.world = world
        self.cloud = world.cloud
        self.step = world.step
        self.driver = world.cloud.driver
        self.client = self.driver.clients["0.5"]

    def tell(self):
        self.plug()
        self.listen()
        self.terminate_tls()
        self.delete()

    def amphora(self):
        """As the driver knows one that has no version route."""
        amphora = database.amphora(self.world.amphora)
        amphora.api_version = "0.5"
        return amphora

    def load_balancer(self):
        load_balancer = database.load_balancer(self.world.load_balancer)
        for amphora in load_balancer.amphorae:
            amphora.api_version = "0.5"
        return load_balancer

    def update(self):
        self.driver.update_amphora_listeners(self.load_balancer(), self.amphora())
        self.cloud.require_updated(self.world.load_balancer)

    def plug(self):
        world, hypervisor = self.world, self.cloud.hypervisor
        with self.step("an amphora answers info", essential=True):
            world.amphora = world.boot(10)
            info = self.client.get_info(self.amphora())
            check(info["haproxy_version"], info)
        with self.step("its VIP and its member network are plugged", essential=True):
            amphora = self.amphora()
            hypervisor.plug(world.amphora, "vip", mac_of(amphora.vrrp_port_id))
            vrrp_port = network.Port(
                id=amphora.vrrp_port_id, mac_address=mac_of(amphora.vrrp_port_id), network={"mtu": 1450}
            )
            self.driver.post_vip_plug(
                amphora, self.load_balancer(), None, vrrp_port, VIP_SUBNET.model(), additional_vip_data=[]
            )
            member_port = steps_plug.member_port(10)
            hypervisor.plug(world.amphora, "member", member_port.mac_address)
            self.driver.post_network_plug(self.amphora(), member_port, None)
            check(self.driver.get_interface_from_ip(self.amphora(), VIP) == "eth1")
        with self.step("plugging either again is a conflict, which the controller takes as done"):
            self.driver.post_network_plug(self.amphora(), member_port, None)

    def listen(self):
        world = self.world
        with self.step("a listener gets a process of its own, and serves", essential=True):
            self.pool, self.members = tenant.pool(world.load_balancer, world.members)
            tenant.health_monitor(self.pool)
            # As the API counts them up: each process listens for its peers.
            self.http = tenant.listener(world.load_balancer, PORT, default_pool_id=self.pool, peer_port=1025)
            self.update()
            check(set(answers(VIP, PORT)) == {"one", "two"})
            unit = f"haproxy-{self.http}.service"
            check(self.cloud.hypervisor.run(world.amphora, "systemctl", "is-active", unit) == "active")
        with self.step("its status is told alone and in the list, with its pools' members"):
            expected = {"status": "ACTIVE", "uuid": self.http, "type": "HTTP"}
            check(self.client.get_all_listeners(self.amphora()) == [expected])
            status = eventually(self.all_up)
            check({key: status[key] for key in expected} == expected, status)
            details = self.client.get_details(self.amphora())
            check(details["listeners"] == [self.http], details)
        with self.step("heartbeats pass the health manager"):
            health.becomes(models.LoadBalancer, world.load_balancer, constants.ONLINE)
            health.becomes(models.Listener, self.http, constants.ONLINE)
            for member in self.members.values():
                health.becomes(models.Member, member, constants.ONLINE)

    def all_up(self):
        """The listener's status once every member is up."""
        status = self.client.get(self.amphora(), f"listeners/{self.http}").json()
        pools = {pool["uuid"]: pool for pool in status["pools"]}
        members = pools[self.pool]["members"]
        check(pools[self.pool]["status"] == "UP" and set(members) == set(self.members.values()), status)
        return status if all(state == "UP" for state in members.values()) else None

    def terminate_tls(self):
        world, cloud = self.world, self.cloud
        authority = Authority("tenant")
        with self.step("a TLS listener gets its certificates, SNI ones too; the other listener serves on"):
            names = ("default.example", "other.example")
            references = [cloud.store_certificate(authority.issue(name)) for name in names]
            self.tls = tenant.listener(
                world.load_balancer,
                TLS_PORT,
                constants.PROTOCOL_TERMINATED_HTTPS,
                default_pool_id=self.pool,
                tls_certificate_id=references[0],
                peer_port=1026,
            )
            database.add(models.SNI, listener_id=self.tls, tls_container_id=references[1], position=0)
            self.update()
            context = client_context(authority)
            for name in names:
                shown = fetch(VIP, TLS_PORT, context=context, server_name=name).server_certificate
                check(shown == name, name, shown)
            check(set(answers(VIP, PORT)) == {"one", "two"})
            found = {entry["uuid"]: entry["type"] for entry in self.client.get_all_listeners(self.amphora())}
            check(found == {self.http: "HTTP", self.tls: "TERMINATED_HTTPS"}, found)
        with self.step("starting and reloading listeners that run succeeds"):
            self.driver.start(self.load_balancer())
            self.driver.reload(self.load_balancer())
            check(set(answers(VIP, PORT)) == {"one", "two"})

    def delete(self):
        world = self.world
        with self.step("a deleted listener's process is gone, the other one's stays"):
            self.delete_listener(self.tls)
            eventually(lambda: is_refused(VIP, TLS_PORT))
            check(set(answers(VIP, PORT)) == {"one", "two"})
            check([entry["uuid"] for entry in self.client.get_all_listeners(self.amphora())] == [self.http])
        with self.step("with the last one nothing is left"):
            self.delete_listener(self.http)
            eventually(lambda: is_refused(VIP, PORT))
            check(self.client.get_all_listeners(self.amphora()) == [])
            for listener in (self.http, self.tls):
                left = self.cloud.hypervisor.run(
                    world.amphora, "find", "/var/lib/octavia", "/usr/lib/systemd/system", "-name", f"*{listener}*"
                )
                check(left == "", left)

    def delete_listener(self, row_id):
        listener = database.listener(row_id)
        for amphora in listener.load_balancer.amphorae:
            amphora.api_version = "0.5"
        self.driver.delete(listener)
        database.delete(models.Listener, id=row_id)
