"""The link's certificate authority: who may open a TLS connection to the broker, nothing more.

ECDSA P-256 throughout: MicroPython's TLS refuses Ed25519 certificates. The name in a
certificate's CN is its identity at the broker (`gateway`, or a controller's id); the broker's
own certificate carries its TLS name as subject alternative name, because controllers reach
it by address. These keys say who talks, never what is true: records are signed apart.
"""

import datetime as dt
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# A controller with a dead clock starts from its last trusted time: certificates have to be
# valid well before they are made. Ten years of life outlast a controller in the field.
VALID_FROM = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
VALID_DAYS = 3653

# X.520 ub-common-name.
NAME_CHARACTERS_MAX = 64


class Credential:
    """A certificate, and its private key where this side made it."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey | None) -> None:
        """Keep both; `key` is None for a controller, whose key never leaves it."""
        self.certificate = certificate
        self._key = key

    @property
    def certificate_der(self) -> bytes:
        """The certificate as DER, the only form MicroPython's TLS takes."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_der(self) -> bytes:
        """The private key as SEC 1 DER. ValueError when it was made elsewhere."""
        return self._key_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        """The private key as SEC 1 PEM. ValueError when it was made elsewhere."""
        return self._key_bytes(serialization.Encoding.PEM)

    def _key_bytes(self, encoding: serialization.Encoding) -> bytes:
        if self._key is None:
            raise ValueError("this key was made on the controller and stays there")
        return self._key.private_bytes(
            encoding, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )

    def write(self, folder: pathlib.Path, name: str) -> tuple[pathlib.Path, pathlib.Path]:
        """Write `name.crt` and `name.key` (PEM, key readable by its owner only); return both paths."""
        certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
        certificate.write_bytes(self.certificate_pem)
        key.touch(mode=0o600)
        key.write_bytes(self.key_pem)
        return certificate, key


def public_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the 65-byte uncompressed point (SEC 1, 2.3.3), as a controller reports it."""
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def _name(text: str) -> x509.Name:
    if not 1 <= len(text) <= NAME_CHARACTERS_MAX:
        raise ValueError(f"a name of 1 to {NAME_CHARACTERS_MAX} characters is needed, not {text!r}")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class LinkAuthority:
    """The CA of one field link."""

    def __init__(self, name: str = "karez link") -> None:
        """Make a new CA key and its self-signed certificate."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            self._builder(subject, subject, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.credential = Credential(certificate, self._key)

    @property
    def certificate_der(self) -> bytes:
        """The CA certificate as DER, for controllers."""
        return self.credential.certificate_der

    @property
    def certificate_pem(self) -> bytes:
        """The CA certificate as PEM, for broker and gateway."""
        return self.credential.certificate_pem

    def broker(self, *tls_names: str) -> Credential:
        """Key and certificate of a broker known by these TLS names (or addresses)."""
        if not tls_names:
            raise ValueError("a broker needs at least one TLS name")
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_alternative(name) for name in tls_names])
        builder = self._leaf(tls_names[0], key.public_key(), ExtendedKeyUsageOID.SERVER_AUTH)
        certificate = builder.add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        return Credential(certificate, key)

    def client(self, name: str) -> Credential:
        """Key and certificate of a client made on this side: the gateway, or a simulated controller."""
        key = ec.generate_private_key(ec.SECP256R1())
        return Credential(self._sign_client(name, key.public_key()), key)

    def gateway(self) -> Credential:
        """Key and certificate of the gateway."""
        return self.client("gateway")

    def controller(self, controller_id: str, point: bytes) -> Credential:
        """Certificate for the P-256 key a controller made itself; `point` is its raw 65-byte public point.

        ValueError when the point is not 65 bytes or not on the curve.
        """
        if len(point) != 65:
            raise ValueError(f"an uncompressed P-256 point has 65 bytes, not {len(point)}")
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        return Credential(self._sign_client(controller_id, key), None)

    def _sign_client(self, name: str, key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        return self._leaf(name, key, ExtendedKeyUsageOID.CLIENT_AUTH).sign(self._key, hashes.SHA256())

    def _leaf(
        self, name: str, key: ec.EllipticCurvePublicKey, usage: x509.ObjectIdentifier
    ) -> x509.CertificateBuilder:
        return (
            self._builder(_name(name), self.credential.certificate.subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        )

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(VALID_FROM)
            .not_valid_after(VALID_FROM + dt.timedelta(days=VALID_DAYS))
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )
