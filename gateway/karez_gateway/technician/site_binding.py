"""The binding of a box to a site: made of the site's file and the box's key, signed by the provisioner."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from karez_protocols import binding, chain, grant, record, signed
from karez_protocols.errors import ProtocolError

from . import site_rules
from .errors import LineTrouble, WrongUse

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANNEL = "channel"  # profile of a segment that a rating curve makes (docs/configuration.md)
PULSES = "pulse"
_WHOLE_PPM = 1_000_000
_POINT_SIZE = 65


@dataclass(frozen=True)
class Box:
    """What a box says of itself: its name and the public halves of its two keys."""

    name: str
    key: bytes
    link_point: bytes

    @classmethod
    def of(cls, identity: dict[str, Any]) -> Box:
        """Read an answer to `identify`. Raises LineTrouble for one that cannot be true."""
        try:
            box = cls(
                identity["controller"], bytes.fromhex(identity["key"]), bytes.fromhex(identity["link_key"])
            )
        except (KeyError, TypeError, ValueError):
            raise LineTrouble("answer-shape", verb="identify", why="key") from None
        if len(box.key) != 32 or chain.controller_name(box.key) != box.name:
            raise LineTrouble("answer-shape", verb="identify", why="controller")
        if len(box.link_point) != _POINT_SIZE:
            raise LineTrouble("answer-shape", verb="identify", why="link_key")
        return box


@dataclass(frozen=True)
class Carried:
    """What a spare goes on from: number of the old binding, and by quantity (W or E, its register)."""

    seq: int
    bases: dict[int, tuple[int, int]]


def make(
    document: dict[str, Any], box: Box, regulator_key: bytes, issued_utc_s: int, key: Ed25519PrivateKey,
    carried: Carried | None = None,
) -> bytes:  # fmt: skip
    """Return the signed binding of a box to the site of a checked file. Raises WrongUse."""
    site = document["site"]
    values = {name: site.get(name) for name in site_rules.NUMBERS}
    values |= {
        "class": site_rules.CLASSES[site["class"]],
        "fail": site_rules.FAILS[site["fail"]],
        "seq": carried.seq + 1 if carried else 1,
        "controller": box.name,
        "site": site["name"],
        "gateway": site.get("gateway", site_rules.GATEWAY),
        "controller_key": box.key,
        "regulator_key": regulator_key,
        "issued_utc_s": issued_utc_s,
    }
    try:
        body = binding.encode(values, [_carried(one, carried) for one in segments(document)])
    except ProtocolError as error:
        raise WrongUse("binding-none", why=error) from None
    return bytes(body) + key.sign(signed.message(binding.LABEL, body))


def segments(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What litres and watt-hours are counted by, water first."""
    meters = {meter["quantity"]: meter for meter in document["meters"]}
    conversion = document["site"].get("conversion")
    if "channel" in document:
        yield _segment(
            grant.WATER, {"serial": meters["level"]["serial"], "profile": CHANNEL},
            coefficient_version=document["channel"]["version"],
        )  # fmt: skip
    elif conversion is not None:
        yield _segment(
            grant.WATER, meters["energy"],
            method=site_rules.METHODS[conversion.get("method", "converted")],
            coefficient_version=conversion["version"], multiplier_ppm=conversion["litres_per_kwh"] * 1_000,
        )  # fmt: skip
    else:
        yield _segment(grant.WATER, meters["water"])
    if "energy" in meters:
        yield _segment(grant.ENERGY, meters["energy"])


def _carried(segment: dict[str, Any], carried: Carried | None) -> dict[str, Any]:
    """A segment that goes on where the old box stood; a quantity it did not count begins anew."""
    if carried is None or segment["quantity"] not in carried.bases:
        return segment
    base, register = carried.bases[segment["quantity"]]
    return {**segment, "base": base, "register_base": register}


def _segment(quantity: int, meter: dict[str, Any], **changed: Any) -> dict[str, Any]:
    register = meter.get(site_rules.REGISTERS.get(meter.get("quantity", ""), ""), 0)
    address = meter.get("address")
    return {
        "quantity": quantity,
        "method": record.METERED,
        "address": address if isinstance(address, int) else None,
        "profile_version": _version(meter.get("profile")),
        "coefficient_version": 0,
        "from_seq": 1,
        "profile": meter.get("profile", PULSES),
        "serial": meter["serial"],
        "base": 0,
        "register_base": register,
        "multiplier_ppm": meter.get("multiplier_ppm", _WHOLE_PPM),
        **changed,
    }


def _version(profile: str | None) -> int:
    if profile in (None, CHANNEL):
        return 1
    file = resources.files("karez_protocols").joinpath("profiles", f"{profile}.json")
    return int(json.loads(file.read_text(encoding="utf-8"))["version"])


def is_signed(data: bytes, label: bytes, key: bytes) -> bool:
    """True if this object was signed under this label by this key."""
    try:
        _, message, signature = signed.split(label, data)
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (ProtocolError, InvalidSignature, ValueError):
        return False
    return True


def says_the_same(data: bytes, other: bytes) -> bool:
    """True if two signed bindings differ at most in their date: the one was made for an earlier try."""
    try:
        one, segments = binding.open_signed(data)[:2]
        two, others = binding.open_signed(other)[:2]
    except ProtocolError:
        return False
    return {**one, "issued_utc_s": 0} == {**two, "issued_utc_s": 0} and segments == others
