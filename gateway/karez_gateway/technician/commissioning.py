"""One commissioning of a well, a swap of its box or of a meter: who set up what, and what the checks gave.

Pure data, made by the guide at the well, read by the report and the gateway. Integers with units in their
names; null is unknown, never zero. What the members of a check mean together stands in judgement.py, what the
parts must agree on in commissioning_rules.py, the file in commissioning_file.py (docs/wire/commissioning.md).
"""

# ruff: noqa: RUF009 - the calls are dataclasses.field() with kind and meaning

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .commissioning_fields import Text, Whole, day, hexadecimal, many, moment, part, text, whole, word

FORMAT = "karez-commissioning"
VERSION = 1

COMMISSIONING, BOX_SWAP, METER_SWAP = "commissioning", "box-swap", "meter-swap"
QUANTITIES = ("water", "energy", "level", "witness")
CLASSES = ("irrigation", "domestic", "livestock", "industry")  # as karez_protocols.site_class counts them
FAILS = ("stopped", "running")  # as the binding counts them
SOURCES = ("groundwater", "surface", "reclaimed", "other")
FEEDBACKS = ("contact", "power", "both")
CHECKS = ("scan", "ct", "pulse", "dial", "contactor", "step")
DONE = ("passed", "failed")

_U4 = 0xFFFF_FFFE
_U5 = (1 << 40) - 1  # litres and Wh, as registers of a well have them


@dataclass(frozen=True)
class Site:
    """The well, and the right it stands on."""

    code: str = text(16, "the site's code, as the binding has it")
    name_en: str | None = text(80, "name in English or Latin letters", may_miss=True)
    name_zh: str | None = text(80, "name in Chinese", may_miss=True)
    county: str = text(80, "county")
    village: str = text(80, "township and village")
    latitude_udeg: int | None = whole(
        -90_000_000, 90_000_000, "WGS 84 latitude, µ°, north positive", may_miss=True
    )
    longitude_udeg: int | None = whole(
        -180_000_000, 180_000_000, "WGS 84 longitude, µ°, east positive", may_miss=True
    )
    permit: str | None = text(40, "number of the abstraction permit", may_miss=True)
    right_holder: str | None = text(80, "who holds the permit", may_miss=True)
    use: str = word(CLASSES, "class of use, as the binding has it")
    sub_class: str | None = text(40, "finer class, as the county counts", may_miss=True)
    source: str = word(SOURCES, "where the water comes from")
    fail: str = word(FAILS, "fail direction, as the binding has it: the pump without books or right")


@dataclass(frozen=True)
class Controller:
    """The box that stands there now."""

    name: str = hexadecimal(8, "the controller's name, which follows from its key")
    key: str = hexadecimal(32, "its Ed25519 public key")
    firmware_sha256: str | None = hexadecimal(32, "digest of the firmware it runs", may_miss=True)
    tier: str | None = word(("A", "B", "C"), "evidence tier", may_miss=True)
    chain: int | None = whole(1, _U4, "chain of records it writes", may_miss=True)
    volume_l: int | None = whole(0, _U5, "W, litres of the well register, at the end", may_miss=True)


@dataclass(frozen=True)
class Meter:
    """One meter as it is mounted and set up."""

    quantity: str = word(QUANTITIES, "what it counts")
    maker: str | None = text(40, "maker", may_miss=True)
    model: str | None = text(40, "model, as its plate says", may_miss=True)
    serial: str | None = text(40, "serial number, as its plate says", may_miss=True)
    profile: str | None = text(40, "meter profile; null: pulses", may_miss=True)
    line: int | None = whole(0, 1, "serial line; null: pulses", may_miss=True)
    address: str | None = text(20, "its address on the line; null: pulses", may_miss=True)
    baud: int | None = whole(300, 1_000_000, "speed of the line, bit/s; null: pulses", may_miss=True)
    pulse_milli: int | None = whole(1, 10_000_000, "thousandths of a litre or Wh a pulse", may_miss=True)
    multiplier_ppm: int = whole(1, _U4, "CT ratio or other multiplier, 1 000 000 = 1")
    dial_start: int | None = whole(0, _U5, "its dial at the start: L, Wh or mm", may_miss=True)
    verified_until: str | None = day("its legal verification is good until", may_miss=True)


@dataclass(frozen=True)
class ReplacedMeter:
    """A meter that was taken away: what it said last, and what the new one said first."""

    quantity: str = word(QUANTITIES, "what it counted")
    maker: str | None = text(40, "maker", may_miss=True)
    model: str | None = text(40, "model", may_miss=True)
    serial: str | None = text(40, "serial number", may_miss=True)
    closing: int | None = whole(0, _U5, "its last dial reading: L, Wh or mm", may_miss=True)
    opening: int = whole(0, _U5, "the new meter's first dial reading: L, Wh or mm")
    because: str = text(200, "why it was replaced")


@dataclass(frozen=True)
class ReplacedBox:
    """A controller that was taken away."""

    name: str = hexadecimal(8, "the old controller's name")
    last_seq: int | None = whole(
        1, _U4, "number of the last record taken from it; null: none could be", may_miss=True
    )
    volume_l: int | None = whole(
        0, _U5, "W, litres of the well register, that the new box began with", may_miss=True
    )
    because: str = text(200, "why it was replaced")


@dataclass(frozen=True)
class ScanCheck:
    """Looking for a meter on a line."""

    kind: ClassVar[str] = "scan"
    quantity: str = word(QUANTITIES, "the meter looked for")
    line: int = whole(0, 1, "serial line")
    addresses: str = text(200, "addresses that were tried, such as 1-32, 247")
    bauds: tuple[int, ...] = many(Whole(300, 1_000_000), 16, "speeds that were tried, bit/s")
    profile: str | None = text(40, "the proposed meter profile; null: nothing answered", may_miss=True)
    address: str | None = text(20, "where it answered", may_miss=True)
    baud: int | None = whole(300, 1_000_000, "at what speed, bit/s", may_miss=True)
    sure_pct: int | None = whole(0, 100, "how sure the proposal is", may_miss=True)
    outcome: str = word(DONE, "see the table of checks", is_reckoned=True)


@dataclass(frozen=True)
class CtCheck:
    """The energy meter's power beside that of a clamp meter: a forgotten CT ratio shows at once."""

    kind: ClassVar[str] = "ct"
    power_w: int = whole(0, 10_000_000, "power that the meter shows")
    voltage_dv: int = whole(0, 100_000, "voltage between two phases, 0.1 V")
    current_ma: int = whole(0, 10_000_000, "current of a phase by clamp meter, mean of three")
    power_factor_permille: int = whole(1, 1000, "power factor, of the plate if not measured")
    reckoned_w: int = whole(0, _U5, "√3 × voltage × current × power factor", is_reckoned=True)
    error_ppm: int | None = whole(
        -_U5, _U5, "power_w against reckoned_w; null: no current", may_miss=True, is_reckoned=True
    )
    outcome: str = word(DONE, "see the table of checks", is_reckoned=True)


@dataclass(frozen=True)
class PulseCheck:
    """Pulses counted by the controller beside the dial of the meter."""

    kind: ClassVar[str] = "pulse"
    quantity: str = word(QUANTITIES, "the meter")
    pulse_milli: int = whole(1, 10_000_000, "thousandths of a litre or Wh a pulse")
    pulses: int = whole(0, _U4, "pulses counted")
    dial_before: int = whole(0, _U5, "dial at the begin, L or Wh")
    dial_after: int = whole(0, _U5, "dial at the end, L or Wh")
    dial_step: int = whole(1, 1_000_000, "least step of the dial, L or Wh")
    error_ppm: int | None = whole(
        -_U5, _U5, "pulses against dial; null: the dial stood", may_miss=True, is_reckoned=True
    )
    outcome: str = word(DONE, "see the table of checks", is_reckoned=True)


@dataclass(frozen=True)
class DialCheck:
    """The meter's dial, as a person reads it, beside the controller's registers."""

    kind: ClassVar[str] = "dial"
    quantity: str = word(QUANTITIES, "the meter")
    dial_before: int = whole(0, _U5, "dial at the begin, L or Wh")
    dial_after: int = whole(0, _U5, "dial at the end, L or Wh")
    dial_step: int = whole(1, 1_000_000, "least step of the dial, L or Wh")
    register_before: int = whole(0, _U5, "the controller's register at the begin, L or Wh")
    register_after: int = whole(0, _U5, "the controller's register at the end, L or Wh")
    amount: int = whole(-_U5, _U5, "L or Wh by the controller", is_reckoned=True)
    error_ppm: int | None = whole(
        -_U5, _U5, "controller against dial; null: the dial stood", may_miss=True, is_reckoned=True
    )
    outcome: str = word(DONE, "see the table of checks", is_reckoned=True)


@dataclass(frozen=True)
class ContactorCheck:
    """Closing and opening the contactor, and how long its feedback takes."""

    kind: ClassVar[str] = "contactor"
    feedback: str = word(FEEDBACKS, "what says that it closed and opened")
    close_ms: int | None = whole(
        0, 60_000, "from the command to the feedback; null: none came", may_miss=True
    )
    open_ms: int | None = whole(0, 60_000, "the same when it opens", may_miss=True)
    outcome: str = word(DONE, "see the table of checks", is_reckoned=True)


@dataclass(frozen=True)
class StepCheck:
    """The step test: litres per kWh of a well that runs steadily."""

    kind: ClassVar[str] = "step"
    seconds: int = whole(1, 86_400, "how long it was measured")
    volume_l: int = whole(0, _U5, "litres in that time")
    energy_wh: int = whole(0, _U5, "Wh in that time")
    volume_step_l: int = whole(1, 1_000_000, "least step of the water register")
    energy_step_wh: int = whole(1, 1_000_000, "least step of the energy register")
    l_per_kwh: int | None = whole(
        0, _U5, "litres per kWh, rounded; null: no energy", may_miss=True, is_reckoned=True
    )
    uncertainty_ppm: int | None = whole(
        0, _U5, "what one step of each register may make", may_miss=True, is_reckoned=True
    )
    outcome: str = word(DONE, "see the table of checks", is_reckoned=True)


Check = ScanCheck | CtCheck | PulseCheck | DialCheck | ContactorCheck | StepCheck


@dataclass(frozen=True)
class Checks:
    """Every check that was done, by sort, in the order in which they were done."""

    scan: tuple[ScanCheck, ...] = many(ScanCheck, 16, "meters looked for on a line")
    ct: tuple[CtCheck, ...] = many(CtCheck, 8, "power beside a clamp meter")
    pulse: tuple[PulseCheck, ...] = many(PulseCheck, 8, "pulses beside the dial")
    dial: tuple[DialCheck, ...] = many(DialCheck, 8, "registers beside the dial")
    contactor: tuple[ContactorCheck, ...] = many(ContactorCheck, 8, "contactor and feedback")
    step: tuple[StepCheck, ...] = many(StepCheck, 8, "step tests")

    def every(self) -> list[Check]:
        """All of them, in the order of the file."""
        return [check for kind in CHECKS for check in getattr(self, kind)]


@dataclass(frozen=True)
class Skipped:
    """A check that was not done, and why."""

    check: str = word(CHECKS, "sort of check")
    why: str = text(200, "why it was not done")


@dataclass(frozen=True)
class Seal:
    """A seal that was put on."""

    number: str = text(40, "its number")
    place: str = text(80, "where it is")
    meter: str | None = word(QUANTITIES, "the meter that it seals; null: something else", may_miss=True)


@dataclass(frozen=True)
class Photo:
    """A photo, which lies beside the file and is never in it."""

    file: str = text(100, "its name, without a folder")
    size_bytes: int = whole(1, 1 << 30, "its size")
    sha256: str = hexadecimal(32, "its digest")
    shows: str = text(120, "what it shows")


@dataclass(frozen=True)
class Grant:
    """The right that the box holds at the end."""

    seq: int = whole(1, _U4, "its number")
    sha256: str = hexadecimal(32, "digest of the whole signed grant")
    valid_to_utc_s: int = moment("its last row ends")
    ceiling_l: int | None = whole(0, _U5, "W up to which water may be taken now", may_miss=True)


@dataclass(frozen=True)
class Technician:
    """Who did it, by the list of technicians."""

    number: int = whole(1, 65_534, "his number in the list")
    key: str = hexadecimal(32, "his Ed25519 public key")


@dataclass(frozen=True)
class Commissioning:
    """All of it, in the order of the file."""

    kind: str = word((COMMISSIONING, BOX_SWAP, METER_SWAP), "what was done")
    site: Site = part(Site, "the well")
    controller: Controller = part(Controller, "the box that stands there now")
    meters: tuple[Meter, ...] = many(Meter, 8, "its meters")
    replaced_box: ReplacedBox | None = part(ReplacedBox, "the box taken away, of a `box-swap`", may_miss=True)
    replaced_meters: tuple[ReplacedMeter, ...] = many(
        ReplacedMeter, 8, "meters taken away, of a `meter-swap`"
    )
    checks: Checks = part(Checks, "what was checked")
    skipped: tuple[Skipped, ...] = many(Skipped, 16, "what was not, and why")
    seals: tuple[Seal, ...] = many(Seal, 64, "seals put on")
    photos: tuple[Photo, ...] = many(Photo, 64, "photos beside the file")
    grant: Grant | None = part(Grant, "the right that the box holds; null: none", may_miss=True)
    technician: Technician = part(Technician, "who did it")
    begun_utc_s: int = moment("when it began")
    finished_utc_s: int = moment("when it was finished")
    remarks: tuple[str, ...] = many(Text(400), 32, "what else there is to say, a line each")


@dataclass(frozen=True)
class Signature:
    """Who vouches for it."""

    number: int = whole(1, 65_534, "number of the technician")
    key: str = hexadecimal(32, "his public key")
    ed25519: str = hexadecimal(64, "his signature")
