"""Values in gateway.toml that have a form of their own: what is wrong with one is said in words."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from karez_gateway.store import engines
from karez_gateway.verifier.errors import VerificationError
from karez_gateway.verifier.note import COSIGNATURE, VerifierKey, check_name

NAME_BYTES_MAX = 16  # a destination's name stands in the log's upload entries (entry.UPLOAD_HEADER)

CODE_BYTES_MAX = 32  # stands in every report, which must fit an entry of the log
TOPIC_BYTES_MAX = 128  # room for what comes behind it, far below MQTT's 65,535

_HEX_KEY = re.compile(r"[0-9a-fA-F]{64}")


class Section(BaseModel):
    """A table of gateway.toml: what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _short(name: str) -> str:
    if not 1 <= len(name.encode()) <= NAME_BYTES_MAX or not name.isprintable():
        raise ValueError(f"a name of 1 to {NAME_BYTES_MAX} bytes is needed")
    return name


def _public_key(text: str) -> str:
    if text and not _HEX_KEY.fullmatch(text):
        raise ValueError("an Ed25519 public key is 64 hexadecimal digits")
    return text.lower()


def station_address(key: str, text: str) -> str:
    """A station of SZY 206 or SL 651. Raises ValueError naming the key."""
    if not re.fullmatch(r"[0-9a-fA-F]{10}", text):
        raise ValueError(f"{key}: a station address is 10 hexadecimal digits, not {text!r}")
    return text.upper()


def station_code(key: str, text: str) -> str:
    """A station by the platform's own name for it. Raises ValueError naming the key."""
    if not 1 <= len(text.encode()) <= CODE_BYTES_MAX or not text.isprintable():
        raise ValueError(f"{key}: a station's code has 1 to {CODE_BYTES_MAX} bytes of text, not {text!r}")
    return text


def _password(text: str) -> str:
    if text and not re.fullmatch(r"[0-9a-fA-F]{4}", text):
        raise ValueError("a station's password is 4 hexadecimal digits; the platform gives it out")
    return text.upper()


def _topic(text: str) -> str:
    if not text or any(mark in text for mark in "+#") or not text.isprintable() or text[-1] == "/":
        raise ValueError("an MQTT topic without + and #, and without a / at its end, is needed")
    if len(text.encode()) > TOPIC_BYTES_MAX:
        raise ValueError(f"a topic has at most {TOPIC_BYTES_MAX} bytes")
    return text


def _text(text: str) -> str:
    if not text:
        raise ValueError("is empty: write it out")
    return text


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
Password = Annotated[str, AfterValidator(_password)]
Topic = Annotated[str, AfterValidator(_topic)]
Text = Annotated[str, AfterValidator(_text)]
OriginName = Annotated[str, AfterValidator(_origin)]
StoreUrl = Annotated[str, AfterValidator(_store)]
WitnessKey = Annotated[str, AfterValidator(_witness_key)]
WitnessUrl = Annotated[str, AfterValidator(_witness_url)]
ControllerName = Annotated[str, AfterValidator(_controller)]
