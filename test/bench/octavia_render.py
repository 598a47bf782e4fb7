"""Times Octavia's own templater: document on standard input, rounds as the argument, seconds and text out.

The document is the small part of the rendering format that rendering-document.ts uses.
"""
import json
import sys
import time
from types import SimpleNamespace as Model

from octavia.common import config  # noqa: F401: registers the options
from octavia.common.jinja.haproxy.combined_listeners import jinja_cfg
from oslo_config import cfg


def monitor(data):
    return Model(
        id=data["healthmonitor_id"], type=data["type"], delay=data["delay"], timeout=data["timeout"],
        fall_threshold=data["max_retries_down"], rise_threshold=data["max_retries"],
        http_method=data["http_method"], url_path=data["url_path"], expected_codes=data["expected_codes"],
        enabled=data["admin_state_up"], http_version=data["http_version"], domain_name=data["domain_name"],
        provisioning_status=data["provisioning_status"])


def member(data):
    return Model(
        id=data["member_id"], ip_address=data["address"], protocol_port=data["protocol_port"],
        weight=data["weight"], enabled=data["admin_state_up"], subnet_id=None, operating_status="ONLINE",
        monitor_address=data["monitor_address"], monitor_port=data["monitor_port"], backup=data["backup"],
        provisioning_status=data["provisioning_status"], vnic_type="normal")


def pool(data):
    return Model(
        id=data["pool_id"], protocol=data["protocol"], lb_algorithm=data["lb_algorithm"],
        enabled=data["admin_state_up"], provisioning_status=data["provisioning_status"],
        operating_status="ONLINE", members=[member(m) for m in data["members"]],
        health_monitor=monitor(data["healthmonitor"]), session_persistence=None, tls_enabled=False,
        tls_certificate_id=None, ca_tls_certificate_id=None, crl_container_id=None, tls_ciphers=None,
        tls_versions=None, alpn_protocols=None)


def listener(data, load_balancer, pools):
    default = pools[data["default_pool_id"]]
    return Model(
        id=data["listener_id"], protocol=data["protocol"], protocol_port=data["protocol_port"],
        enabled=data["admin_state_up"], connection_limit=data["connection_limit"],
        insert_headers=data["insert_headers"], default_pool=default, pools=[default], l7policies=[],
        timeout_client_data=data["timeout_client_data"], timeout_member_connect=data["timeout_member_connect"],
        timeout_member_data=data["timeout_member_data"], timeout_tcp_inspect=data["timeout_tcp_inspect"],
        tls_certificate_id=None, client_ca_tls_certificate_id=None, client_crl_container_id=None,
        client_authentication="NONE", tls_ciphers=None, tls_versions=None, alpn_protocols=None,
        hsts_max_age=None, hsts_include_subdomains=False, hsts_preload=False, load_balancer=load_balancer,
        peer_port=1025)


def main():
    cfg.CONF([], project="octavia")
    document = json.load(sys.stdin)
    data = document["loadbalancer"]
    amphora = Model(**document["amphorae"][0], vrrp_port_id=None, ha_port_id=None)
    load_balancer = Model(
        id=data["loadbalancer_id"], project_id=data["project_id"], vip=Model(ip_address=data["vip_address"]),
        additional_vips=[], enabled=True, topology=document["topology"], amphorae=[amphora])
    pools = {p["pool_id"]: pool(p) for p in data["pools"]}
    listeners = [listener(entry, load_balancer, pools) for entry in data["listeners"]]
    version = document["haproxy"]["version"].split(".")
    seconds = []
    text = ""
    templater = jinja_cfg.JinjaTemplater()
    for _ in range(int(sys.argv[1])):
        start = time.perf_counter()
        text = templater.build_config(amphora, listeners, {}, version)
        seconds.append(time.perf_counter() - start)
    json.dump({"seconds": seconds, "text": text}, sys.stdout)


main()
