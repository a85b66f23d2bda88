"""P-256 keys against OpenSSL's, and in MicroPython's own `ssl`."""

import datetime as dt
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from karez_protocols import p256
from karez_protocols.slices import finish
from test_micropython import micropython

PROTOCOLS = Path(__file__).parents[2] / "protocols"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# Runs on the VM: a key made there, its point out; then key and certificate into `ssl`.
MAKE = """
import sys
from binascii import hexlify, unhexlify
sys.path.insert(0, sys.argv[1])
from karez_protocols import p256
from karez_protocols.slices import finish
secret = unhexlify(sys.argv[2])
point = finish(p256.public_point_slices(secret))
with open(sys.argv[3], "wb") as file:
    file.write(p256.private_key_der(secret, point))
print(str(hexlify(point), "ascii"))
"""
LOAD = """
import ssl, sys
def read(path):
    with open(path, "rb") as file:
        return file.read()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
try:
    context.load_cert_chain(read(sys.argv[1]), read(sys.argv[2]))
    print("loaded")
except (OSError, ValueError) as error:
    print("refused", error)
"""


def on_micropython(tmp_path, script, *arguments):
    """What a script prints on the VM."""
    path = tmp_path / "script.py"
    path.write_text(script)
    command = [micropython(), str(path), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def certificate(public_key, name):
    """DER of a certificate for a public key, issued as at provisioning."""
    issuer = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(name, name, public_key, x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + dt.timedelta(days=3650))
    return builder.sign(issuer, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, ORDER - 1))
@example(1)
@example(2)
@example(3)
@example(ORDER - 1)
@example(ORDER - 2)
@example(1 << 255)
def test_points_and_key_files_are_openssl_s_to_the_byte(scalar):
    secret = scalar.to_bytes(32, "big")
    point = finish(p256.public_point_slices(secret))
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    assert point == key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    der = p256.private_key_der(secret, point)
    assert der == key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    loaded = serialization.load_der_private_key(der, None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    assert loaded.private_numbers() == key.private_numbers()


def test_micropython_makes_a_key_and_its_ssl_loads_it_with_a_certificate(tmp_path):
    secret = bytes(range(7, 39))
    key_path, certificate_path = tmp_path / "key.der", tmp_path / "certificate.der"
    point = bytes.fromhex(on_micropython(tmp_path, MAKE, PROTOCOLS, secret.hex(), key_path))
    public_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    certificate_path.write_bytes(certificate(public_key, "controller-1"))
    assert on_micropython(tmp_path, LOAD, certificate_path, key_path) == "loaded"


def test_micropython_s_ssl_refuses_a_key_file_with_a_byte_missing(tmp_path):
    secret = bytes(range(7, 39))
    key = p256.private_key_der(secret, finish(p256.public_point_slices(secret)))
    public_key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1()).public_key()
    (tmp_path / "certificate.der").write_bytes(certificate(public_key, "controller-1"))
    (tmp_path / "key.der").write_bytes(key[:-1])
    answer = on_micropython(tmp_path, LOAD, tmp_path / "certificate.der", tmp_path / "key.der")
    assert answer.startswith("refused")
