"""The result of a verification: a verdict, what is proved by whom, and every finding with its place."""

import dataclasses
from dataclasses import dataclass, field

from karez_protocols import causes

from .books import Boot, Gap, Irrigation, Loss
from .findings import FLAG, NOTE, REJECTED, Finding
from .log_check import Log
from .metering import MeterReading, Segment
from .orders_check import Order
from .uploads_check import Upload

TIERS = {1: "A", 2: "B", 3: "C"}
CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford, as chain.code writes
_LOOKALIKES = str.maketrans("OIL", "011")  # Crockford: what a person may read for a digit


@dataclass(frozen=True, slots=True)
class GrantSummary:
    """One grant of the bundle, as shown."""

    seq: int
    document: str
    issued_utc_s: int
    sha256: str
    is_signed: bool


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a verification says. `is_proved` is the verdict."""

    file_sha256: str
    has_trust: bool
    site: str | None = None
    controller: str | None = None
    gateway: str | None = None
    fingerprints: dict[str, str] = field(default_factory=dict)
    chain: int | None = None
    records: int = 0
    first_seq: int | None = None
    last_seq: int | None = None
    proved: tuple[tuple[int, int], ...] = ()
    unsigned: int = 0
    tier: str | None = None
    first_volume_l: int | None = None
    last_volume_l: int | None = None
    irrigations: tuple[Irrigation, ...] = ()
    boots: tuple[Boot, ...] = ()
    gaps: tuple[Gap, ...] = ()
    losses: tuple[Loss, ...] = ()
    litres: dict[str, int] = field(default_factory=dict)  # by method, names of metering.METHODS
    segments: tuple[Segment, ...] = ()
    meters: tuple[MeterReading, ...] = ()
    orders: tuple[Order, ...] = ()
    grants: tuple[GrantSummary, ...] = ()
    log: Log | None = None
    uploads: tuple[Upload, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def is_proved(self) -> bool:
        """True if nothing was found that makes the evidence fail."""
        return not self.rejections

    @property
    def verdict(self) -> str:
        """Rejected; consistent, when no trust file was given; or proved."""
        if not self.is_proved:
            return "rejected"
        return "proved" if self.has_trust else "consistent"

    @property
    def rejections(self) -> tuple[Finding, ...]:
        """The findings that make the evidence fail, the first broken place first."""
        return tuple(one for one in self.findings if one.weight == REJECTED)

    @property
    def flags(self) -> tuple[Finding, ...]:
        """What holds and a person must look at."""
        return tuple(one for one in self.findings if one.weight == FLAG)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What limits the proof and is normal."""
        return tuple(one for one in self.findings if one.weight == NOTE)

    @property
    def signed_to(self) -> int | None:
        """The last seq that a signature of the controller covers without a break from the first record."""
        if not self.proved or self.first_seq is None or self.proved[0][0] != self.first_seq:
            return None
        return self.proved[0][1]

    def irrigation_of(self, code: str) -> Irrigation | None:
        """The irrigation whose stop record has this code, as a person types it."""
        wanted = plain_code(code)
        return next((one for one in self.irrigations if one.code == wanted), None)

    def as_json(self) -> dict[str, object]:
        """The report for a program: plain values only."""
        out: dict[str, object] = {"verdict": self.verdict}
        for one in dataclasses.fields(self):
            value = getattr(self, one.name)
            if one.name == "findings":
                out["findings"] = [finding.as_json() for finding in value]
            elif one.name == "irrigations":
                out["irrigations"] = [irrigation_json(irrigation) for irrigation in value]
            elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
                out[one.name] = [dataclasses.asdict(item) for item in value]
            elif one.name == "log" and value is not None:
                out["log"] = dataclasses.asdict(value)
            else:
                out[one.name] = value
        out["signed_to"] = self.signed_to
        return out


def plain_code(code: str) -> str:
    """A code as chain.code writes it: capitals, no spaces or dashes, no letters that look like digits."""
    return code.upper().replace(" ", "").replace("-", "").translate(_LOOKALIKES)


def is_code(code: str) -> bool:
    """True if a person may have read this from a panel."""
    plain = plain_code(code)
    return len(plain) == 8 and all(letter in CODE_ALPHABET for letter in plain)


def irrigation_json(irrigation: Irrigation) -> dict[str, object]:
    """One irrigation for a program, causes also by name."""
    out: dict[str, object] = dataclasses.asdict(irrigation)
    for end in ("start", "stop"):
        number = out[f"{end}_cause"]
        if isinstance(number, int):
            out[f"{end}_cause_name"] = causes.name(number)
    return out
