"""A VIP on a virtual function, where the agent and not the network keeps a firewall."""

import database
import tenant
from cloud import ADDITIONAL_VIPS, VIP, VIP_SUBNET
from octavia.common import constants
from octavia.controller.worker.v2.tasks import amphora_driver_tasks as tasks
from report import check, eventually
from traffic import answers, is_refused
from world import World

PORTS = (80, 8081)


def tell(report, cloud):
    if not hasattr(cloud.driver, "set_interface_rules"):
        report.skip("a firewall on the VIP's port", "this release of Octavia does not know SR-IOV VIPs")
        return
    world = World(report, cloud, member_subnet=VIP_SUBNET, vnic_type=constants.VNIC_TYPE_DIRECT)
    with world.step("an amphora with an SR-IOV VIP boots, and serves nobody yet", essential=True):
        world.amphora = world.boot(10)
        world.plug_vip(world.amphora)
        pool, _ = tenant.pool(world.load_balancer, world.members)
        for port in PORTS:
            tenant.listener(world.load_balancer, port, default_pool_id=pool)
        world.update()
        for port in PORTS:
            check(is_refused(VIP, port), port)
    with world.step("a rule lets its port in, and no other"):
        _set_rules(world, _rule(80))
        eventually(lambda: set(answers(VIP, 80)) == {"one", "two"})
        check(is_refused(VIP, 8081))
    with world.step("new rules take the place of the old ones, for every address of the VIP"):
        _set_rules(world, _rule(8081), _rule(112, "vrrp", f"{VIP_SUBNET.address(11)}/32"))
        check(is_refused(VIP, 80))
        for address in (VIP, *(address for address, _ in ADDITIONAL_VIPS)):
            eventually(lambda address=address: set(answers(address, 8081)) == {"one", "two"})
    with world.step("a rule for others keeps us out"):
        _set_rules(world, _rule(80, cidr="192.0.2.128/25"), _rule(8081, cidr=VIP_SUBNET.cidr))
        check(is_refused(VIP, 80))
        check(set(answers(VIP, 8081)) == {"one", "two"})


def _rule(port, protocol="TCP", cidr=None):
    return {"protocol": protocol, "cidr": cidr, "port": port}


def _set_rules(world, *rules):
    amphora = database.amphora(world.amphora).to_dict()
    tasks.SetAmphoraFirewallRules().execute([amphora], 0, list(rules), {})
