"""From nothing to an amphora with its ports."""

import json

import database
from cloud import ADDITIONAL_VIPS, MEMBER_SUBNET, MTU, VIP, mac_of, port
from report import check


def member_port(*hosts):
    """An amphora's port on the members' network, the same for the same first host."""
    port_id = f"5d0c4f43-6f0f-4bb4-a4b6-8b6e2b7c3a{hosts[0]}"
    return port(port_id, *((MEMBER_SUBNET.address(host), MEMBER_SUBNET) for host in hosts))


def tell(world):
    cloud = world.cloud
    with world.step("a new amphora boots and answers info over mutual TLS", essential=True):
        world.amphora = cloud.boot_amphora(world.load_balancer, 10)
        info = cloud.get_info(world.amphora)
        check(info["api_version"] == "1.0", info)
        major, minor = map(int, info["haproxy_version"].split(".")[:2])
        check((major, minor) >= (2, 0), info)
        check(info["keepalived_version"] and info["ipvsadm_version"], info)
    _plug_vip(world)
    _plug_member_network(world)
    with world.step("finalizing and diagnosing an amphora are calls that succeed"):
        cloud.driver.finalize_amphora(database.amphora(world.amphora))
        cloud.driver.get_diagnostics(database.amphora(world.amphora))


def _plug_vip(world):
    cloud, row = world.cloud, database.amphora(world.amphora)
    with world.step("a VIP plug that comes before the port is tried again until the port is there", essential=True):
        cloud.hypervisor.plug(world.amphora, "vip", mac_of(row.vrrp_port_id), delay_seconds=2)
        cloud.post_vip_plug(world.amphora, world.load_balancer)
        check(cloud.hypervisor.run(world.amphora, "cat", "/sys/bus/pci/rescan") == "1")
    with world.step("a second VIP plug is a conflict, which the controller takes as done"):
        cloud.post_vip_plug(world.amphora, world.load_balancer)
    with world.step("the VIP, its additional VIPs and the VRRP address are all on eth1"):
        for address in (VIP, row.vrrp_ip, *(address for address, _ in ADDITIONAL_VIPS)):
            found = cloud.driver.get_interface_from_ip(row, address)
            check(found == "eth1", address, found)
    with world.step("the VIP's interface has its subnets' MTU and host routes"):
        link = _addresses(world, "eth1")
        check(link["mtu"] == MTU, link)
        routes = _ip(world, "route", "show", "100.64.7.0/24")
        check([route["gateway"] for route in routes] == ["203.0.113.1"], routes)
    with world.step("an address that no interface has is not found"):
        check(cloud.interface_of(world.amphora, "203.0.113.77") is None)


def _plug_member_network(world):
    cloud = world.cloud
    with world.step("a member network is plugged, with its routes", essential=True):
        new = member_port(10)
        cloud.hypervisor.plug(world.amphora, "member", new.mac_address)
        cloud.post_network_plug(world.amphora, new)
        found = cloud.driver.get_interface_from_ip(database.amphora(world.amphora), MEMBER_SUBNET.address(10))
        check(found == "eth2", found)
        routes = _ip(world, "route", "show", "100.64.8.0/24")
        check([route["gateway"] for route in routes] == ["198.51.100.1"], routes)
    with world.step("plugging it again updates its addresses"):
        cloud.post_network_plug(world.amphora, member_port(10, 12))
        addresses = {entry["local"] for entry in _addresses(world, "eth2")["addr_info"]}
        check({MEMBER_SUBNET.address(10), MEMBER_SUBNET.address(12)} <= addresses, addresses)


def _addresses(world, interface):
    return _ip(world, "address", "show", "dev", interface)[0]


def _ip(world, *arguments):
    command = ("ip", "netns", "exec", "amphora-haproxy", "ip", "-json", *arguments)
    return json.loads(world.cloud.hypervisor.run(world.amphora, *command) or "[]")
