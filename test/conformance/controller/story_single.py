"""A single amphora's life, as docs/contract/rest-api.md, 3.5 gives it."""

import database
import health
import steps_change
import steps_http
import steps_plug
import steps_tls
from cloud import ADDITIONAL_VIPS, VIP, VIP_SUBNET
from octavia.common import constants
from octavia.db import models
from traffic import Member


class World:
    """What the steps share."""

    def __init__(self, report, cloud):
        self.report = report
        self.step = report.step
        self.cloud = cloud
        # On the lab's member network, which it routes to.
        self.members = [Member(name, f"198.51.100.{host}", 8080) for name, host in (("one", 21), ("two", 22))]
        self.load_balancer = database.add(
            models.LoadBalancer, topology=constants.TOPOLOGY_SINGLE, provider="amphora"
        )
        database.add(models.Vip, load_balancer_id=self.load_balancer, ip_address=VIP, subnet_id=VIP_SUBNET.id)
        for address, subnet in ADDITIONAL_VIPS:
            database.add(
                models.AdditionalVip,
                load_balancer_id=self.load_balancer,
                ip_address=address,
                subnet_id=subnet.id,
            )
        self.amphora = None

    def update(self):
        """The load balancer as the database has it now, to its amphora."""
        self.cloud.update_listeners(self.load_balancer)


def tell(report, cloud):
    world = World(report, cloud)
    with health.manager(cloud.directory):
        steps_plug.tell(world)
        steps_http.tell(world)
        steps_tls.tell(world)
        steps_change.tell(world)
