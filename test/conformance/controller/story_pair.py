"""Two amphorae, active and standby: docs/contract/rest-api.md, 3.5, with both failovers' sequences."""

import database
import health
import tenant
from cloud import ADDITIONAL_VIPS, VIP
from octavia.common import constants
from octavia.db import models
from report import check, eventually
from traffic import answers
from world import World

PORT, SECOND_PORT = 80, 8081


def tell(report, cloud):
    Pair(World(report, cloud, constants.TOPOLOGY_ACTIVE_STANDBY)).tell()


class Pair:
    def __init__(self, world):
        self.world = world
        self.cloud = world.cloud
        self.step = world.step
        database.add(
            models.VRRPGroup,
            load_balancer_id=world.load_balancer,
            vrrp_group_name=world.load_balancer.replace("-", ""),
            vrrp_auth_type=constants.VRRP_AUTH_DEFAULT,
            vrrp_auth_pass="1a2b3c4",
            advert_int=1,
        )

    def tell(self):
        with health.manager(self.cloud.directory):
            self.create()
            self.listen()
            self.watch_processes()
            self.fail_over()

    def create(self):
        world = self.world
        with self.step("two amphorae boot and get their ports, not yet the VIP", essential=True):
            self.amphorae = [
                world.boot(10, role=constants.ROLE_MASTER, vrrp_priority=100),
                world.boot(11, role=constants.ROLE_BACKUP, vrrp_priority=90),
            ]
            for amphora, host in zip(self.amphorae, (10, 11)):
                world.plug_vip(amphora)
                world.plug_member_network(amphora, host)
            check(self.active() == [], self.active())
        with self.step("both get keepalived's configuration and start it", essential=True):
            self.configure_vrrp(*self.amphorae)
            for amphora in self.amphorae:
                unit = "octavia-keepalived.service"
                check(self.cloud.hypervisor.run(amphora, "systemctl", "is-active", unit) == "active")
        with self.step("starting it again is a reload"):
            self.configure_vrrp(*self.amphorae)
        with self.step("while there is no load balancer, neither claims the VIP"):
            check(self.active() == [], self.active())

    def listen(self):
        world = self.world
        with self.step("with the first listener one of them gets the VIP, and serves", essential=True):
            world.pool, world.pool_members = tenant.pool(world.load_balancer, world.members)
            self.listener = tenant.listener(world.load_balancer, PORT, default_pool_id=world.pool)
            world.update()
            eventually(lambda: len(self.active()) == 1)
            eventually(lambda: set(answers(VIP, PORT)) == {"one", "two"})
        with self.step("every additional VIP is where the VIP is"):
            for address, _ in ADDITIONAL_VIPS:
                check(self.active(address) == self.active(), address, self.active(address))
                check(set(answers(address, PORT)) == {"one", "two"}, address)
        with self.step("both report to the health manager; the load balancer is online"):
            health.becomes(models.LoadBalancer, world.load_balancer, constants.ONLINE)
            for amphora in self.amphorae:
                self.reports(amphora)
        with self.step("the active one counts the traffic"):
            active = self.active()[0]
            before = health.statistics(self.listener, active)["total_connections"]
            answers(VIP, PORT, 10)
            eventually(
                lambda: health.statistics(self.listener, active)["total_connections"] == before + 10
            )
        with self.step("another listener leaves the VIP where it is"):
            active = self.active()
            tenant.listener(world.load_balancer, SECOND_PORT, default_pool_id=world.pool)
            world.update()
            check(set(answers(VIP, SECOND_PORT)) == {"one", "two"})
            check(self.active() == active, self.active())

    def watch_processes(self):
        cloud = self.cloud
        with self.step("when HAProxy stops on the active one, the other one takes over"):
            active = self.active()[0]
            unit = f"haproxy-{self.world.load_balancer}.service"
            cloud.hypervisor.run(active, "systemctl", "stop", unit)
            eventually(lambda: self.active() == [self.other(active)])
            eventually(lambda: set(answers(VIP, PORT)) == {"one", "two"})
        with self.step("a start of the load balancer brings HAProxy back"):
            cloud.driver.start(database.load_balancer(self.world.load_balancer), database.amphora(active))
            check(cloud.hypervisor.run(active, "systemctl", "is-active", unit) == "active")
        with self.step("when keepalived is stopped, the other one takes over and heartbeats stop"):
            active = self.active()[0]
            cloud.call("stop_vrrp", active)
            eventually(lambda: self.active() == [self.other(active)])
            eventually(lambda: set(answers(VIP, PORT)) == {"one", "two"})
            self.is_silent(active)
        with self.step("when it is started again they go on"):
            cloud.call("start_vrrp", active)
            self.reports(active)
        with self.step("reloading it changes nothing for clients"):
            for amphora in self.amphorae:
                cloud.call("reload_vrrp", amphora)
            check(set(answers(VIP, PORT)) == {"one", "two"})

    def fail_over(self):
        world = self.world
        with self.step("when the active one's machine is gone, the other one takes over", essential=True):
            lost = self.active()[0]
            survivor = self.other(lost)
            self.cloud.hypervisor.power_off(lost)
            self.amphorae = [survivor]
            eventually(lambda: self.active() == [survivor])
            eventually(lambda: set(answers(VIP, PORT)) == {"one", "two"})
        with self.step("a new amphora takes the lost one's place, ports, peers and VRRP", essential=True):
            role = database.amphora(lost).role
            database.change(models.Amphora, lost, status=constants.DELETED)
            new = world.boot(12, role=role, vrrp_priority=100 if role == constants.ROLE_MASTER else 90)
            self.amphorae = [survivor, new]
            world.plug_vip(new)
            world.plug_member_network(new, 12)
            world.update()
            self.configure_vrrp(*self.amphorae)
            for amphora in self.amphorae:
                row = database.amphora(amphora)
                self.cloud.driver.reload(database.load_balancer(world.load_balancer), row)
            check(set(answers(VIP, PORT)) == {"one", "two"})
        with self.step("the load balancer is online, and the new amphora reports"):
            self.reports(new)
            health.becomes(models.LoadBalancer, world.load_balancer, constants.ONLINE)
        with self.step("when the survivor goes too, the new one serves"):
            self.cloud.hypervisor.power_off(survivor)
            self.amphorae = [new]
            eventually(lambda: self.active() == [new])
            eventually(lambda: set(answers(VIP, PORT)) == {"one", "two"})

    def configure_vrrp(self, *amphorae):
        """As create and failover flows do, per amphora."""
        for amphora in amphorae:
            self.cloud.configure_vrrp(amphora, self.world.load_balancer)

    def active(self, address=VIP):
        """Amphorae that have the VIP."""
        return [amphora for amphora in self.amphorae if self.cloud.interface_of(amphora, address)]

    def other(self, amphora):
        return next(each for each in self.amphorae if each != amphora)

    def reports(self, amphora):
        last = health.last_update(amphora)
        eventually(lambda: health.last_update(amphora) not in (None, last))

    def is_silent(self, amphora):
        """No heartbeat for several intervals, once those on their way have arrived."""
        eventually(lambda: health.is_silent(amphora, seconds=4))
