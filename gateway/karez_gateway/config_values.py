"""Values in gateway.toml that have a form of their own: what is wrong with one is said in words."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from karez_gateway.store import engines
from karez_gateway.verifier.errors import VerificationError
from karez_gateway.verifier.note import COSIGNATURE, VerifierKey, check_name

NAME_BYTES_MAX = 16  # a destination's name stands in the log's upload entries (entry.UPLOAD_HEADER)

_HEX_KEY = re.compile(r"[0-9a-fA-F]{64}")


def _short(name: str) -> str:
    if not 1 <= len(name.encode()) <= NAME_BYTES_MAX or not name.isprintable():
        raise ValueError(f"a name of 1 to {NAME_BYTES_MAX} bytes is needed")
    return name


def _public_key(text: str) -> str:
    if text and not _HEX_KEY.fullmatch(text):
        raise ValueError("an Ed25519 public key is 64 hexadecimal digits")
    return text.lower()


def _address(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{10}", text):
        raise ValueError("an SZY 206 station address is 10 hexadecimal digits")
    return text.upper()


def _origin(text: str) -> str:
    try:
        check_name(text)
    except VerificationError as error:
        raise ValueError(str(error)) from None
    return text


def _store(url: str) -> str:
    if url:
        engines.parse(url)
    return url


def _witness_key(text: str) -> str:
    try:
        key = VerifierKey.parse(text)
    except VerificationError as error:
        raise ValueError(str(error)) from None
    if key.kind != COSIGNATURE:
        raise ValueError(f"{key.name} is a log's key, not a witness's: its type must be 04")
    return text


def _witness_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("a witness's address reads https://host/path")
    # Whoever may change a size on its way could stop the log.
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError(f"plain HTTP is for this machine only: use https://{parts.netloc}")
    return text


def _controller(text: str) -> str:
    if text and not re.fullmatch(r"[0-9a-f]{16}", text):
        raise ValueError("a controller's name is 16 lower-case hexadecimal digits")
    return text


def is_loopback(host: str) -> bool:
    """True if the host cannot be anything but this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


Name = Annotated[str, AfterValidator(_short)]
Port = Annotated[int, Field(ge=1, le=65535)]
PublicKey = Annotated[str, AfterValidator(_public_key)]
StationAddress = Annotated[str, AfterValidator(_address)]
OriginName = Annotated[str, AfterValidator(_origin)]
StoreUrl = Annotated[str, AfterValidator(_store)]
WitnessKey = Annotated[str, AfterValidator(_witness_key)]
WitnessUrl = Annotated[str, AfterValidator(_witness_url)]
ControllerName = Annotated[str, AfterValidator(_controller)]
