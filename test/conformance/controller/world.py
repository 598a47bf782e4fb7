"""What the steps of a story share: a load balancer, its amphorae and its members."""

import database
import steps_plug
from cloud import ADDITIONAL_VIPS, MEMBER_SUBNET, VIP, VIP_SUBNET, mac_of
from octavia.common import constants
from octavia.db import models
from traffic import Member


class World:
    def __init__(self, report, cloud, topology=constants.TOPOLOGY_SINGLE, member_subnet=MEMBER_SUBNET, **vip):
        self.report = report
        self.step = report.step
        self.cloud = cloud
        self.topology = topology
        self.members = [
            Member(name, member_subnet.address(host), 8080) for name, host in (("one", 21), ("two", 22))
        ]
        self.load_balancer = database.add(models.LoadBalancer, topology=topology, provider="amphora")
        database.add(
            models.Vip, load_balancer_id=self.load_balancer, ip_address=VIP, subnet_id=VIP_SUBNET.id, **vip
        )
        for address, subnet in ADDITIONAL_VIPS:
            database.add(
                models.AdditionalVip,
                load_balancer_id=self.load_balancer,
                ip_address=address,
                subnet_id=subnet.id,
            )
        # The only one, or the one that steps look at.
        self.amphora = None

    def boot(self, host, **columns):
        """Returns a new amphora of the load balancer that answers."""
        amphora = self.cloud.boot_amphora(self.load_balancer, host, self.topology, **columns)
        self.cloud.get_info(amphora)
        return amphora

    def plug_vip(self, amphora):
        row = database.amphora(amphora)
        self.cloud.hypervisor.plug(amphora, "vip", mac_of(row.vrrp_port_id))
        self.cloud.post_vip_plug(amphora, self.load_balancer)

    def plug_member_network(self, amphora, *hosts):
        """Gives an amphora a port on the members' network, with the addresses of `hosts`."""
        member_port = steps_plug.member_port(*hosts)
        self.cloud.hypervisor.plug(amphora, "member", member_port.mac_address)
        self.cloud.post_network_plug(amphora, member_port)

    def update(self):
        """The load balancer as the database has it now, to its amphorae."""
        self.cloud.update_listeners(self.load_balancer)
