"""One cloud: its certificates, its networks, and the controller's tasks over its load balancers."""

import hashlib
import uuid
from pathlib import Path

import database
import pki
import settings
from octavia.amphorae.backends.agent import agent_jinja_cfg
from octavia.amphorae.drivers.haproxy import exceptions
from octavia.common import constants
from octavia.controller.worker.v2.tasks import amphora_driver_tasks as tasks
from octavia.controller.worker.v2.tasks import cert_task
from octavia.db import models
from octavia.network import data_models as network
from oslo_config import cfg
from stevedore import driver as stevedore_driver

MTU = 1450


class Subnet:
    """A subnet and the hypervisor's network that it is on."""

    def __init__(self, network_name, cidr, gateway, prefix, host_routes=()):
        self.network = network_name
        self.cidr = cidr
        self.gateway = gateway
        self._prefix = prefix
        self.id = str(uuid.uuid4())
        self.host_routes = [
            network.HostRoute(destination=destination, nexthop=nexthop)
            for destination, nexthop in host_routes
        ]

    def address(self, host):
        return f"{self._prefix}{host}"

    def model(self):
        return network.Subnet(
            id=self.id,
            cidr=self.cidr,
            gateway_ip=self.gateway,
            ip_version=6 if ":" in self.cidr else 4,
            host_routes=self.host_routes,
        )


# The lab has the gateways' addresses: it is every router, client and member.
VIP_SUBNET = Subnet("vip", "203.0.113.0/24", "203.0.113.1", "203.0.113.", [("100.64.7.0/24", "203.0.113.1")])
SECOND_VIP_SUBNET = Subnet("vip", "198.18.5.0/24", "198.18.5.1", "198.18.5.")
VIP_SUBNET_6 = Subnet("vip", "2001:db8:113::/64", "2001:db8:113::1", "2001:db8:113::")
MEMBER_SUBNET = Subnet(
    "member", "198.51.100.0/24", "198.51.100.1", "198.51.100.", [("100.64.8.0/24", "198.51.100.1")]
)
VIP = VIP_SUBNET.address(5)
ADDITIONAL_VIPS = ((SECOND_VIP_SUBNET.address(5), SECOND_VIP_SUBNET), (VIP_SUBNET_6.address(5), VIP_SUBNET_6))


def mac_of(port_id):
    """The same for the port wherever it is asked."""
    digest = hashlib.sha256(port_id.encode()).hexdigest()
    return "fa:16:3e:" + ":".join(digest[i : i + 2] for i in (0, 2, 4))


def port(port_id, *fixed_ips):
    """A port with addresses of subnets, as a data model."""
    return network.Port(
        id=port_id,
        mac_address=mac_of(port_id),
        network=network.Network(mtu=MTU),
        fixed_ips=[
            network.FixedIP(ip_address=address, subnet_id=subnet.id, subnet=subnet.model())
            for address, subnet in fixed_ips
        ],
    )


class Cloud:
    def __init__(self, directory, agent, hypervisor):
        # "ours" or "upstream": for what upstream is known not to do, and for nothing else.
        self.agent = agent
        self.directory = Path(directory)
        self.hypervisor = hypervisor
        self._write_authorities()
        self.cert_manager = stevedore_driver.DriverManager(
            "octavia.cert_manager", cfg.CONF.certificates.cert_manager, invoke_on_load=True
        ).driver

    def _write_authorities(self):
        conf = cfg.CONF
        server = pki.Authority("amphorae", rsa_key=True)
        Path(conf.certificates.ca_certificate).write_text(server.pem)
        Path(conf.certificates.ca_private_key).write_text(pki.key_pem(server.key, settings.CA_PASSPHRASE))
        client = pki.Authority("controllers", rsa_key=True)
        Path(conf.controller_worker.client_ca).write_text(client.pem)
        client.issue("controller", rsa_key=True).write(conf.haproxy_amphora.client_cert)

    # Secrets of tenants

    def store_certificate(self, identity, intermediates=None):
        """Returns the reference by which listeners and pools name it."""
        return self.cert_manager.store_cert(None, identity.pem, identity.key_pem, intermediates)

    def store_secret(self, text):
        """A CA or a revocation list, which the local manager keeps as a certificate's first part."""
        return self.cert_manager.store_cert(None, text, "")

    # Amphorae

    def boot_amphora(self, load_balancer_id, host, topology=constants.TOPOLOGY_SINGLE, **columns):
        """A row, a server certificate and configuration of Octavia's own making, and a machine that has them.

        `host` is the last part of its address on the VIP subnet.
        """
        amphora_id = str(uuid.uuid4())
        files = {
            "/etc/octavia/certs/server.pem": self._server_pem(amphora_id).decode(),
            "/etc/octavia/certs/client_ca.pem": Path(cfg.CONF.controller_worker.client_ca).read_text(),
            "/etc/octavia/amphora-agent.conf": agent_jinja_cfg.AgentJinjaTemplater().build_agent_config(
                amphora_id, topology
            ),
        }
        address = self.hypervisor.boot(amphora_id, files)
        database.add(
            models.Amphora,
            id=amphora_id,
            load_balancer_id=load_balancer_id,
            compute_id=str(uuid.uuid4()),
            lb_network_ip=address,
            vrrp_ip=VIP_SUBNET.address(host),
            ha_ip=VIP,
            vrrp_port_id=str(uuid.uuid4()),
            ha_port_id=str(uuid.uuid4()),
            status=constants.AMPHORA_ALLOCATED,
            vrrp_id=1,
            **columns,
        )
        return amphora_id

    def _server_pem(self, amphora_id):
        """Certificate and key, as Octavia generates them for an amphora."""
        generated = cert_task.GenerateServerPEMTask().cert_generator.generate_cert_key_pair(
            cn=amphora_id, validity=cfg.CONF.certificates.cert_validity_time
        )
        return generated.certificate + generated.private_key

    def network_config(self, amphora_id):
        """What the network driver tells the controller of an amphora's VIP port."""
        amphora = database.amphora(amphora_id)
        config = network.AmphoraNetworkConfig(
            amphora=amphora,
            vip_subnet=VIP_SUBNET.model(),
            vip_port=port(amphora.ha_port_id, (VIP, VIP_SUBNET)),
            vrrp_subnet=VIP_SUBNET.model(),
            vrrp_port=port(amphora.vrrp_port_id, (amphora.vrrp_ip, VIP_SUBNET)),
            additional_vip_data=[
                network.AdditionalVipData(ip_address=address, subnet=subnet.model())
                for address, subnet in ADDITIONAL_VIPS
            ],
        )
        return {amphora_id: config.to_dict(recurse=True)}

    # The controller's tasks, as its flows call them

    def get_info(self, amphora_id):
        return self.driver.get_info(database.amphora(amphora_id))

    def post_vip_plug(self, amphora_id, load_balancer_id):
        tasks.AmphoraPostVIPPlug().execute(
            database.amphora(amphora_id).to_dict(),
            {constants.LOADBALANCER_ID: load_balancer_id},
            self.network_config(amphora_id),
        )

    def post_network_plug(self, amphora_id, *ports):
        tasks.AmphoraPostNetworkPlug().execute(
            database.amphora(amphora_id).to_dict(),
            [each.to_dict(recurse=True) for each in ports],
            self.network_config(amphora_id)[amphora_id],
        )

    def update_listeners(self, load_balancer_id):
        """Every amphora gets the load balancer as the database has it."""
        tasks.ListenersUpdate().execute(load_balancer_id)
        self.require_updated(load_balancer_id)

    def require_updated(self, load_balancer_id):
        """A driver marks a listener that it could not update, leaves it out, and says nothing: so it is looked up."""
        for listener in database.load_balancer(load_balancer_id).listeners:
            if listener.provisioning_status == constants.ERROR:
                raise AssertionError(f"Octavia could not update listener {listener.id}")

    def delete_listener(self, listener_id):
        """From the amphorae, then from the database."""
        tasks.ListenerDelete().execute({constants.LISTENER_ID: listener_id})
        database.delete(models.Listener, id=listener_id)

    def configure_vrrp(self, amphora_id, load_balancer_id):
        """Looks up the VRRP interface, uploads keepalived's configuration, starts it.

        The tasks mark an amphora that fails and go on: so it is looked up.
        """
        amphora = database.amphora(amphora_id).to_dict()
        interface = tasks.AmphoraUpdateVRRPInterface().execute(amphora)
        config = self.network_config(amphora_id)
        tasks.AmphoraVRRPUpdate().execute(load_balancer_id, config, amphora, interface)
        tasks.AmphoraVRRPStart().execute(amphora)
        status = database.amphora(amphora_id).status
        if status != constants.AMPHORA_ALLOCATED:
            raise AssertionError(f"amphora {amphora_id} is {status} after its VRRP tasks")

    def interface_of(self, amphora_id, address):
        """The interface that has an address; newer drivers raise where older ones return none."""
        try:
            return self.driver.get_interface_from_ip(database.amphora(amphora_id), address)
        except exceptions.NotFound:
            return None

    def rotate_certificate(self, amphora_id):
        """Returns what it uploaded."""
        server_pem = self._server_pem(amphora_id)
        self.driver.upload_cert_amp(database.amphora(amphora_id), server_pem)
        return server_pem

    def update_agent_config(self, amphora_id):
        tasks.AmphoraConfigUpdate().execute(database.amphora(amphora_id).to_dict(), None)

    @property
    def driver(self):
        """A new one, as each of the controller's tasks has."""
        return tasks.AmphoraGetInfo().amphora_driver

    def call(self, method, amphora_id, *arguments, **options):
        """A call of the driver's client for API 1.0, for what no task does."""
        amphora = database.amphora(amphora_id)
        amphora.api_version = "1.0"
        return getattr(self.driver.clients["1.0"], method)(amphora, *arguments, **options)
