"""Octavia's own configuration file for this cloud, and Octavia with it."""

import os
import sys
from pathlib import Path

CONTROLLER = "192.0.2.1"
HEARTBEAT_PORT = 5555
HEARTBEAT_KEY = "a key that signs heartbeats"
CA_PASSPHRASE = "a passphrase"


def write(directory, topology="SINGLE"):
    """Writes octavia.conf into `directory`. Returns its path."""
    path = Path(directory, "octavia.conf")
    certificates = Path(directory, "certificates")
    os.makedirs(certificates / "tenant", exist_ok=True)
    path.write_text(
        f"""[DEFAULT]
transport_url = fake://
[database]
connection = sqlite:///{directory}/octavia.sqlite
[certificates]
cert_generator = local_cert_generator
cert_manager = local_cert_manager
ca_certificate = {certificates}/server-ca.pem
ca_private_key = {certificates}/server-ca.key
ca_private_key_passphrase = {CA_PASSPHRASE}
storage_path = {certificates}/tenant
[haproxy_amphora]
client_cert = {certificates}/client.pem
server_ca = {certificates}/server-ca.pem
connection_max_retries = 60
connection_retry_interval = 1
[health_manager]
bind_ip = {CONTROLLER}
bind_port = {HEARTBEAT_PORT}
controller_ip_port_list = {CONTROLLER}:{HEARTBEAT_PORT}
heartbeat_interval = 1
heartbeat_key = {HEARTBEAT_KEY}
health_update_threads = 1
stats_update_threads = 1
[controller_worker]
amphora_driver = amphora_haproxy_rest_driver
compute_driver = compute_noop_driver
network_driver = network_noop_driver
loadbalancer_topology = {topology}
client_ca = {certificates}/client-ca.pem
[keepalived_vrrp]
vrrp_check_interval = 1
"""
    )
    return path


def load(path):
    """Makes `path` Octavia's configuration, as its own programs do."""
    from octavia.common import service
    from oslo_config import cfg

    service.prepare_service([sys.argv[0], "--config-file", str(path)])
    # SQLAlchemy's pool for files of SQLite knows no such limit, and Octavia always sets one.
    cfg.CONF.set_override("pool_timeout", None, "database")
    _take_turns()


def _take_turns():
    """Transactions on SQLite begin with its one lock for writers.

    Where two that have read both want to write, one fails at once, and a heartbeat's figures would be lost: a
    database server would have them wait.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "before_cursor_execute", retval=True)
    def executing(_connection, _cursor, statement, parameters, _context, _many):
        return ("BEGIN IMMEDIATE" if statement == "BEGIN" else statement), parameters
