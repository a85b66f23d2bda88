"""The authority of the field link: it certifies the key that a controller made for TLS, nothing more.

ECDSA P-256 throughout, because MicroPython's TLS refuses Ed25519 certificates. The name in a certificate is
the controller's name at the broker. What a controller says is signed apart, with its other key.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import document, keys
from .errors import LineTrouble, WrongUse

if TYPE_CHECKING:
    from pathlib import Path

# A controller whose clock is dead begins at its last trusted time, so what is made today must be valid long
# before today; and it must outlast a controller in the field.
_BEFORE = dt.timedelta(days=2 * 365)
_LIFE = dt.timedelta(days=10 * 365)
_AUTHORITY_LIFE = dt.timedelta(days=25 * 365)
_POINT_SIZE = 65  # SEC 1, 2.3.3: uncompressed, P-256
_FILE_BYTES_MAX = 20_000


@dataclass(frozen=True)
class LinkAuthority:
    """The key that signs, and the certificate that everybody on the link trusts."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate as a controller takes it."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def certify(self, name: str, point: bytes, now: dt.datetime) -> x509.Certificate:
        """Return a controller's certificate for the key whose public `point` it shows. Raises LineTrouble.

        Valid from some time before `now` and for ten years, as far as the authority itself is.
        """
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except ValueError:
            raise LineTrouble("answer-shape", verb="identify", why="link_key") from None
        ends = min(now + _LIFE, self.certificate.not_valid_after_utc)
        return (
            _builder(key, now, ends)
            .subject_name(_name(name))
            .issuer_name(self.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )

    def has_certified(self, der: bytes, name: str, point: bytes) -> bool:
        """True if these bytes are a certificate of ours for this name and key."""
        try:
            found = x509.load_der_x509_certificate(der)
            found.verify_directly_issued_by(self.certificate)
            key = found.public_key()
        except Exception:  # noqa: BLE001 - the library has a dozen errors for what is no certificate of ours
            return False
        return (
            found.subject == _name(name)
            and isinstance(key, ec.EllipticCurvePublicKey)
            and _point(key) == point
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _builder(key: ec.EllipticCurvePublicKey, now: dt.datetime, ends: dt.datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def load(
    key_file: Path, certificate_file: Path | None, passphrase: str | None, now: dt.datetime
) -> LinkAuthority:
    """Return the authority of a key and its certificate, the .crt beside it if not named. Raises WrongUse."""
    key = keys.private(key_file, passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise WrongUse("authority-key", file=key_file)
    path = certificate_file or key_file.with_suffix(".crt")
    certificate = _certificate(path)
    its_key: Any = certificate.public_key()
    if not isinstance(its_key, ec.EllipticCurvePublicKey) or _point(its_key) != _point(key.public_key()):
        raise WrongUse("authority-other", file=path, key=key_file)
    try:
        is_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_authority = False
    if not is_authority:
        raise WrongUse("authority-none", file=path)
    if certificate.not_valid_after_utc <= now:
        raise WrongUse("authority-over", file=path, day=certificate.not_valid_after_utc.date())
    return LinkAuthority(key, certificate)


def _certificate(path: Path) -> x509.Certificate:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise WrongUse("authority-file", file=path, why=error.strerror) from None
    try:
        if data.startswith(b"-----"):
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except ValueError:
        raise WrongUse("authority-none", file=path) from None


def make(key_file: Path, passphrase: str, now: dt.datetime) -> Path:
    """Make a new authority: the key, encrypted, and its certificate beside it; return the certificate's file.

    Raises WrongUse.
    """
    path = key_file.with_suffix(".crt")
    if path == key_file:
        raise WrongUse("authority-name", file=key_file)
    document.check_writable(path)
    key = ec.generate_private_key(ec.SECP256R1())
    keys.keep(key_file, key, passphrase)
    usage = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment"), False)
    usage |= dict.fromkeys(("data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False)
    subject = _name("karez link")
    certificate = (
        _builder(key.public_key(), now, now + _AUTHORITY_LIFE)
        .subject_name(subject)
        .issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    document.write(path, certificate.public_bytes(serialization.Encoding.PEM))
    return path
