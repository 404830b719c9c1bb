"""Certificates of an authority of a test's own, and TLS in front of a server that has none."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_POSTGRES_ASKS = 8  # bytes of its SSLRequest, which is answered S before TLS begins


class Authority:
    """Signs certificates; `file` is its own, as clients are given it."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        own = self._made(self._name, self._key.public_key())
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file.write_bytes(_pem(own.sign(self._key, hashes.SHA256())))

    def server_of(self, host: str, *, days: int = 1) -> ssl.SSLContext:
        """What a server of this name speaks TLS with; over for fewer than 0 days to come."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        made = self._made(name, key.public_key(), days=days)
        alternatives = x509.SubjectAlternativeName([x509.DNSName(host)])
        signed = made.add_extension(alternatives, critical=False).sign(self._key, hashes.SHA256())
        both = self._folder / f"{host}{days}.pem"
        plain = serialization.NoEncryption()
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
        )
        both.write_bytes(private + _pem(signed))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        return context

    def _made(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: int = 1
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=subject,
            public_key=key,
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(days=9),
            not_valid_after=now + timedelta(days=days),
        )


@contextmanager
def tls_before(
    server: int | str, context: ssl.SSLContext, *, is_postgres: bool = False
) -> Iterator[int]:
    """A port where TLS is spoken; what it carries goes to a port here, or to a socket's path."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=carry, args=(client,), daemon=True).start()

    def carry(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if is_postgres:
                client.recv(_POSTGRES_ASKS, socket.MSG_WAITALL)
                client.sendall(b"S")
            inside = context.wrap_socket(client, server_side=True)
            plain = _connected(server)
            threading.Thread(target=_pour, args=(plain, inside), daemon=True).start()
            _pour(inside, plain)

    threading.Thread(target=serve, daemon=True).start()
    yield int(listening.getsockname()[1])
    listening.close()


def _connected(server: int | str) -> socket.socket:
    if isinstance(server, int):
        return socket.create_connection(("127.0.0.1", server))
    made = socket.socket(socket.AF_UNIX)
    made.connect(server)
    return made


def _pour(source: socket.socket, into: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65_536):
            into.sendall(part)
    for each in (source, into):
        each.close()


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
