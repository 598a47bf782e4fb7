"""Listeners that terminate TLS, and pools that start it again."""

import hashlib
import ssl
from pathlib import Path

import database
import tenant
import traffic
from cloud import VIP
from octavia.certificates.common import local
from octavia.common import constants
from octavia.common.tls_utils import cert_parser
from octavia.db import models
from pki import Authority
from report import check
from traffic import Member, client_context, fetch

PORT, REENCRYPT_PORT = 443, 8443
CERTIFICATES = "/var/lib/octavia/certs"


def tell(world):
    world.tls_directory = Path(world.cloud.directory, "tls")
    world.tls_directory.mkdir()
    world.authority = Authority("tenant")
    _sni(world)
    _client_authentication(world)
    _reencrypt(world)


def _sni(world):
    cloud = world.cloud
    names = ("default.example", "first.example", "second.example")
    world.identities = {name: world.authority.issue(name) for name in names}
    with world.step("a TLS listener shows each host name its own certificate, others the default"):
        references = [cloud.store_certificate(world.identities[name]) for name in names]
        world.tls = tenant.listener(
            world.load_balancer,
            PORT,
            constants.PROTOCOL_TERMINATED_HTTPS,
            default_pool_id=world.pool,
            tls_certificate_id=references[0],
            insert_headers={"X-Forwarded-Proto": "true"},
        )
        for position, reference in enumerate(references[1:]):
            database.add(models.SNI, listener_id=world.tls, tls_container_id=reference, position=position)
        world.update()
        context = client_context(world.authority)
        for name in names:
            answer = fetch(VIP, PORT, context=context, server_name=name)
            check(answer.server_certificate == name, name, answer.server_certificate)
            check(answer.json["headers"].get("x-forwarded-proto") == "https", answer.text)
        context.check_hostname = False
        check(fetch(VIP, PORT, context=context, server_name="x.example").server_certificate == names[0])
    with world.step("the agent's digests are those of the uploads: nothing is uploaded again"):
        for name in names:
            identity = world.identities[name]
            container = local.LocalCert(identity.pem, identity.key_pem)
            uploaded = cert_parser.build_pem(cert_parser._map_cert_tls_container(container))
            file = f"{hashlib.sha1(identity.pem.encode()).hexdigest()}.pem"
            found = cloud.call("get_cert_md5sum", world.amphora, world.load_balancer, file)
            check(found == hashlib.md5(uploaded).hexdigest(), name, found)
        path = f"{CERTIFICATES}/{world.load_balancer}"
        times = _modification_times(world, path)
        world.update()
        check(_modification_times(world, path) == times and len(times) == 4, times)
    with world.step("the listener's type is told"):
        found = {entry["uuid"]: entry["type"] for entry in cloud.call("get_all_listeners", world.amphora)}
        check(found == {world.http: "HTTP", world.tls: "TERMINATED_HTTPS"}, found)


def _modification_times(world, path):
    text = world.cloud.hypervisor.run(world.amphora, "find", path, "-type", "f", "-printf", "%f %T@\n")
    return sorted(text.split("\n")) if text else []


def _client_authentication(world):
    cloud, authority = world.cloud, Authority("clients")
    trusted, revoked = authority.issue("trusted"), authority.issue("revoked")
    stranger = Authority("strangers").issue("stranger")

    def ask(identity=None):
        path = identity and identity.write(world.tls_directory / "client.pem")
        context = client_context(world.authority, path)
        return fetch(VIP, PORT, context=context, server_name="default.example")

    with world.step("client authentication lets in whom the CA has signed and not revoked"):
        database.change(
            models.Listener,
            world.tls,
            client_authentication=constants.CLIENT_AUTH_MANDATORY,
            client_ca_tls_certificate_id=cloud.store_secret(authority.pem),
            client_crl_container_id=cloud.store_secret(authority.revoke(revoked)),
            insert_headers={"X-SSL-Client-CN": "true"},
        )
        world.update()
        check(ask(trusted).json["headers"].get("x-ssl-client-cn") == "trusted")
        for who, identity in (("nobody", None), ("revoked", revoked), ("a stranger", stranger)):
            try:
                answer = ask(identity)
            except (ssl.SSLError, ConnectionError):
                continue
            raise AssertionError(f"{who} got {answer.status}")


def _reencrypt(world):
    cloud = world.cloud
    servers, clients = Authority("member servers"), Authority("member clients")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=clients.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(servers.issue("member.example").write(world.tls_directory / "member.pem"))
    member = Member("secure", "198.51.100.23", 8443, context)
    with world.step("HTTPS goes back to members, which see the pool's client certificate"):
        pool, _ = tenant.pool(
            world.load_balancer,
            [member],
            tls_enabled=True,
            tls_certificate_id=cloud.store_certificate(clients.issue("the pool")),
            ca_tls_certificate_id=cloud.store_secret(servers.pem),
        )
        world.reencrypt = tenant.listener(world.load_balancer, REENCRYPT_PORT, default_pool_id=pool)
        world.update()
        answer = fetch(VIP, REENCRYPT_PORT).json
        check((answer["member"], answer["peer"]) == ("secure", "the pool"), answer)
    with world.step("a member whose certificate the pool's CA has not signed is not spoken to"):
        ca_tls_certificate_id = cloud.store_secret(Authority("others").pem)
        database.change(models.Pool, pool, ca_tls_certificate_id=ca_tls_certificate_id)
        world.update()
        check(fetch(VIP, REENCRYPT_PORT).status == 503)
