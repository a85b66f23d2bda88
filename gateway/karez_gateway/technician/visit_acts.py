"""What a visit does at the box, step by step: a table of acts, each from answers to what was found.

An act returns what it found, as JSON has it; `check` in it are the figures of a check, which judgement.py
judges. Nothing here changes a box but: `config` (put in force whole), `relay`, `grant`.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from karez_protocols import binding
from karez_protocols.errors import ProtocolError

from . import applying, commissioning_file, connection, document, rules, scanning, site_rules
from .commissioning import METER_SWAP
from .commissioning_fields import plain
from .errors import Faulty, LineTrouble, Refused, WrongUse
from .rules import TOTALS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .guide import Step
    from .visit_box import Box
    from .visit_file import Visit

    Tell = Callable[..., None]
    Said = dict[str, Any]
    Found = dict[str, Any]

HANDS_S = 1_800  # for a person to start or stop the pump
FRESH_S = 90  # for the meters to be read: three times at rest, after a start
FLOW_S = 7_200
SIGNED_S = 120  # for a signature over the newest records
STEPS = 100  # of the dial, as judgement.DIAL_STEPS_MIN
_LOOK_S = 2.0
_GRANT_MAX = 500


def box(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Which box, at which site, with which meters."""
    identity = connection.identify(box.controller)
    if isinstance(identity.get("needs"), list):
        raise WrongUse("visit-bare", name=identity["controller"])
    config = applying.in_force(box.controller)
    meters = {one["quantity"]: one for one in config.value.get("meters", [])}
    if visit.kind != METER_SWAP:
        visit.quantities = [one for one in TOTALS if one in meters]
    names = ("controller", "site", "key", "chain", "seq", "tier")
    return {**{name: identity.get(name) for name in names}, "meters": meters}


def named(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """A site has a name in one of the two languages at least, and a whole position or none."""
    if said["name_en"] is None and said["name_zh"] is None:
        raise WrongUse("visit-no-name")
    if (said["latitude_udeg"] is None) != (said["longitude_udeg"] is None):
        raise WrongUse("visit-half-place")
    return {}


def scan(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:
    """Look for one meter; those that were found before are passed over."""
    ends, bauds = scanning.numbers(said["first"], said["last"]), scanning.speeds(said["bauds"])
    line, configured = int(said["line"]), visit.found["box"]["meters"].get(step.quantity, {}).get("profile")
    profiles = scanning.candidates(step.quantity)
    first = next((one for one in profiles if one.name == configured), None)
    taken = _taken(visit, step)
    proposals: list[scanning.Proposal] = []
    tried: list[int] = []
    for one in scanning.settings(profiles, bauds, first):
        if one.baud not in tried:
            tried.append(one.baud)
        for low, high in scanning.looks(one, ends):
            tell(
                "visit-scan", protocol=one.protocol, baud=one.baud, framing=one.framing, first=low, last=high
            )
            for number in box.scan(line, one.protocol, one.baud, one.framing, low, high):
                proposals += _those(box, profiles, one, line, number, taken)
        if scanning.is_good(scanning.best(proposals, configured)):
            break
    found = scanning.best(proposals, configured)
    check = {
        "quantity": step.quantity, "line": line, "addresses": f"{said['first']}-{said['last']}",
        "bauds": tried[:16],
        "profile": found and found.profile, "address": found and str(found.address),
        "baud": found and found.baud, "sure_pct": found and found.sure_pct,
    }  # fmt: skip
    if found is None:
        return {"check": check, "line": line, "address": None}
    tell("visit-found", profile=found.profile, address=found.address, baud=found.baud, sure=found.sure_pct)
    return {
        "check": check, "line": line, "profile": found.profile, "address": found.address,
        "baud": found.baud, "step": found.step, "values": found.values,
    }  # fmt: skip


def _taken(visit: Visit, step: Step) -> list[tuple[int, Any]]:
    """Where other meters are: those found in this visit. In a meter swap the others stay where they are."""
    found = [
        (one["line"], one["address"])
        for name, one in visit.found.items()
        if name.startswith("scan-") and name != step.name
    ]
    if visit.kind == METER_SWAP:
        others = [one for one in visit.found["box"]["meters"].values() if one["quantity"] != step.quantity]
        found += [(one.get("line", 0), one["address"]) for one in others if "address" in one]
    return found


def _those(
    box: Box, profiles: list[Any], one: scanning.Setting, line: int, number: int, taken: list[Any]
) -> list[scanning.Proposal]:
    """What hangs at this address by each profile that is asked this way."""
    out = []
    for profile in profiles:
        address = scanning.address_of(profile, number)
        if scanning.setting(profile, one.baud) != one or (line, address) in taken:
            continue
        replies = scanning.read(profile, number, lambda data: box.frame(line, one.baud, one.framing, data))
        per_cent, least, values = scanning.score(profile, replies) if replies else (0, 1, {})
        if per_cent:
            out.append(scanning.Proposal(profile.name, address, one.baud, per_cent, 0, least, values))
    return out


def config(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Put what was found into the configuration; nothing is sent where it says so already."""
    before = applying.in_force(box.controller)
    value = json.loads(before.data)
    for meter in value.get("meters", []):
        found = visit.found.get(f"scan-{meter['quantity']}", {})
        if found.get("profile"):
            _mount(meter, found)
    if value == before.value:
        return {"meters": _meters(value), "sha256": before.sha256, "changed": False}
    faults = rules.check(value)
    if faults:
        raise Faulty("config", faults)
    data = (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
    if len(data) > document.SIZE_MAX:
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    wanted = document.parse(data, "config")
    applying.require_rest(box.controller)
    connection.login(box.controller, box.identity, box.who)
    tell("visit-config")
    applying.apply(box.controller, wanted, lambda _: None)
    return {"meters": _meters(value), "sha256": wanted.sha256, "changed": True}


def _meters(value: dict[str, Any]) -> dict[str, Any]:
    return {one["quantity"]: one for one in value.get("meters", [])}


def _mount(meter: dict[str, Any], found: dict[str, Any]) -> None:
    """Profile, address, line and speed of a meter, as they were found."""
    meter["profile"], meter["address"] = found["profile"], found["address"]
    if meter.get("line", 0) != found["line"]:
        meter["line"] = found["line"]
    usual = scanning.of(found["profile"]).baud
    if (meter.get("baud") or usual) != found["baud"]:
        meter["baud"] = found["baud"]


def relay(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Contactor and feedback: closed for a moment, and opened again."""
    if not box.knows_books(FRESH_S):
        raise WrongUse("visit-books")
    tell("visit-relay")
    found = box.ask("relay").answer
    check = {
        "feedback": said["feedback"],
        "close_ms": found.get("closed_ms"),
        "open_ms": found.get("opened_ms"),
    }
    box.controller.rest(float(found.get("rest_s") or 0))
    return {"check": check}


def grant(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Bring a grant from a file or from a QR code's text; without one, see which is in force."""
    if said["grant"] is not None:
        data = grant_of(said["grant"])
        try:
            box.offer("grant", data)
        except Refused as error:
            if error.word != "locked":
                raise
            raise WrongUse("visit-wait", why=error) from None
    return in_force(box)


def grant_of(text: str) -> bytes:
    """The bytes of a grant: of a file, or of a QR code's text in base64. Raises WrongUse."""
    path = Path(text)
    try:
        is_file = path.is_file()
    except OSError:
        is_file = False  # a name that no file can have
    if is_file:
        data = path.read_bytes()[: _GRANT_MAX + 1]
    else:
        try:
            data = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            raise WrongUse("visit-grant", text=text[:40]) from None
    if not 0 < len(data) <= _GRANT_MAX:
        raise WrongUse("visit-grant", text=text[:40])
    return data


def in_force(box: Box) -> dict[str, Any]:
    """The right that the box holds: what the file says of it, or nothing."""
    said = box.controller.ask("grant")
    if not said.answer.get("seq") or not said.answer.get("sha256"):
        return {"grant": None}
    rows = [one for one in said.parts if one.get("to_utc_s")]
    water = [one["ceiling"] for one in rows if one.get("quantity") == "water"]
    return {
        "grant": {
            "seq": said.answer["seq"], "sha256": said.answer["sha256"],
            "valid_to_utc_s": max(one["to_utc_s"] for one in rows), "ceiling_l": water[0] if water else None,
        }
    }  # fmt: skip


def photos(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Size and digest of each photo."""
    rows = [commissioning_file.photo(Path(one["file"]), one["shows"]) for one in said["photos"]]
    return {"photos": [plain(one) for one in rows]}


def of_binding(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Class of use, fail direction and multipliers, as the box itself proves them by its binding."""
    until_s = box.controller.now_s() + SIGNED_S
    while True:
        try:
            found = box.evidence(max(int(visit.found["box"]["seq"] or 1), 1))
            break
        except Refused:
            if box.controller.now_s() >= until_s:
                raise
            box.controller.rest(_LOOK_S)
    try:
        values, segments = binding.open_signed(found["binding"])[:2]
    except ProtocolError as error:
        raise LineTrouble("answer-shape", verb="bundle", why=error) from None
    use = next(name for name, number in site_rules.CLASSES.items() if number == values["class"])
    fail = next(name for name, number in site_rules.FAILS.items() if number == values["fail"])
    for name, theirs in (("use", use), ("fail", fail)):
        if said[name] != theirs:
            raise WrongUse("visit-class", name=name, said=said[name], theirs=theirs)
    multipliers = {
        ("water", "energy")[one["quantity"]]: one["multiplier_ppm"] for one in segments if one["method"] == 1
    }
    return {"use": use, "fail": fail, "multipliers": multipliers}


def end(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """What the box says of itself at the end."""
    identity = connection.identify(box.controller)
    answer, _ = box.live()
    return {
        "finished_utc_s": int(time.time()),
        "chain": identity.get("chain"),
        "volume_l": answer.get("volume_l"),
        **in_force(box),
    }
