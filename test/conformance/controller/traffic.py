"""Members that answer, and clients that ask."""

import contextlib
import http.client
import http.server
import json
import socket
import ssl
import threading
import time
from urllib.parse import urlsplit


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        member = self.server.member
        if self.path == "/slow":
            with member.occupied():
                time.sleep(2)
        healthy = member.healthy or urlsplit(self.path).path != "/health"
        peer = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        body = json.dumps(
            {
                "member": member.name,
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "peer": _common_name(peer),
            }
        ).encode()
        self.send_response(200 if healthy else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Health checks break connections off: not worth a word."""


class Member:
    """A web server of the tenant. With `context` it speaks TLS."""

    def __init__(self, name, address, port, context=None):
        self.name = name
        self.address = address
        self.port = port
        self.healthy = True
        # Requests for /slow that it is working on.
        self.busy = 0
        self._lock = threading.Lock()
        self._context = context
        self._server = None
        self.start()

    @contextlib.contextmanager
    def occupied(self):
        """Counts a request as long as it is being worked on."""
        with self._lock:
            self.busy += 1
        try:
            yield
        finally:
            with self._lock:
                self.busy -= 1

    def start(self):
        self._server = _Server((self.address, self.port), _Handler)
        self._server.member = self
        if self._context:
            self._server.socket = self._context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """Nobody listens on its port any more."""
        self._server.shutdown()
        self._server.server_close()


class Answer:
    def __init__(self, response, body, server_certificate):
        self.status = response.status
        self.headers = response.headers
        self.text = body.decode()
        self.server_certificate = server_certificate

    @property
    def json(self):
        return json.loads(self.text)


def client_context(authority=None, identity_path=None):
    """What a tenant's client trusts and shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.pem)
    if identity_path:
        context.load_cert_chain(identity_path)
    return context


def fetch(address, port, path="/", headers=None, context=None, server_name=None, timeout=5):
    """One request on one connection, name resolution aside."""
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(socket.create_connection((address, port), timeout))
        certificate = None
        if context:
            connection = stack.enter_context(context.wrap_socket(connection, server_hostname=server_name))
            certificate = connection.getpeercert()
        session = http.client.HTTPConnection(address, port)
        session.sock = connection
        session.request("GET", path, headers={"Host": server_name or "lb.example", **(headers or {})})
        response = session.getresponse()
        return Answer(response, response.read(), _common_name(certificate))


def raw(address, port, data, timeout=5):
    """Sends bytes as they are. Returns the beginning of what comes back."""
    with socket.create_connection((address, port), timeout) as connection:
        connection.sendall(data)
        return connection.recv(4096)


def answers(address, port, count=6, **options):
    """Names of the members that answered `count` requests."""
    return [fetch(address, port, **options).json["member"] for _ in range(count)]


def is_refused(address, port):
    try:
        fetch(address, port)
    except (ConnectionError, TimeoutError, http.client.HTTPException):
        return True
    return False


def _common_name(certificate):
    for part in (certificate or {}).get("subject", ()):
        for key, value in part:
            if key == "commonName":
                return value
    return None
