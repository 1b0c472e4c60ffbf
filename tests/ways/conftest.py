"""Gateways that can be reached in every way, and the keys and certificates for it."""

from __future__ import annotations

import datetime as dt
import ssl
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from pd_capflow.client.portal import current_portal
from pd_capflow.gateway import Clock, Gateway
from pd_capflow.keyfile import load_rsa
from tests.client.conftest import FakeGateway, Kit

NOON = dt.datetime(2025, 6, 4, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def _write(path, data):
    path.touch(mode=0o600)
    path.write_bytes(data)
    return path


def _pem(key):
    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption())


@pytest.fixture(scope="session")
def rsa_keys(tmp_path_factory):
    """Two RSA key files of the size that OpenD takes."""
    folder = tmp_path_factory.mktemp("keys")
    keys = (rsa.generate_private_key(65537, 1024) for _ in range(2))  # noqa: S505  # OpenD's size
    return [_write(folder / f"key{number}.pem", _pem(key)) for number, key in enumerate(keys)]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pd_capflow test")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert = _write(folder / "cert.pem", signed.public_bytes(form.Encoding.PEM))
    return cert, _write(folder / "key.pem", _pem(key))


@pytest.fixture
def gateway_at(rsa_keys, certificate):
    """Start a gateway that listens in one way, and return its address and itself."""
    portal = current_portal()
    started = []

    def start(scheme="tcp", *, rsa=False, kind=Gateway, **options):
        cipher = load_rsa(rsa_keys[0]) if rsa else None
        options = {"clock": Clock(NOON, speed=0), "limit": None} | options
        gateway = kind(rsa=cipher, **options)
        started.append(gateway)
        if scheme == "tcp":
            host, port = portal.run(gateway.listen(port=0))
        else:
            tls = None
            if scheme == "wss":
                tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                tls.load_cert_chain(*certificate)
            host, port = portal.run(gateway.listen_websocket(port=0, tls=tls))
        return f"{scheme}://{host}:{port}", gateway

    yield start
    for gateway in started:
        portal.run(gateway.close())


@pytest.fixture
def kit():
    """Helpers."""
    return Kit


@pytest.fixture
def scripted():
    """Start gateways that do as they are told, by TCP or through a WebSocket."""
    made = []

    def start(*scripts, layout="tcp"):
        made.append(FakeGateway(scripts, layout))
        return made[-1]

    yield start
    for each in made:
        each.close()
