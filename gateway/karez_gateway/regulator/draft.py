"""What is about to be signed: shown, named by a digest, and then signed exactly so."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from karez_protocols import grant, signed

from . import state, sums
from .errors import Fault, Refused, fault
from .tables import cubic_metres

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from .judging import Judge
    from .limits import Limits
    from .planned import Planned
    from .request import Request
    from .sums import Sum, Village

RISES_SHOWN = 10
_SHOWN = (
    "site",
    "seq",
    "policy",
    "rows",
    "volume_l",
    "ledger_l",
    "twice_l",
    "healed_l",
    "twice_wh",
    "healed_wh",
    "gap_l",
    "right_l",
    "held_l",
    "former_l",
    "corrections",
    "because",
)


@dataclass(frozen=True)
class Draft:
    """Grants for a year, judged and within the limits; not signed."""

    year: int
    document: str
    signer: bytes
    limits: Limits
    requests: tuple[tuple[str, str], ...]  # (file name, SHA-256)
    planned: tuple[Planned, ...]
    sums: tuple[Sum, ...]
    villages: dict[str, Village]

    def facts(self) -> dict[str, Any]:
        """All of it for a program, and for the digest; the moment of signing is no part of it."""
        return {
            "year": self.year,
            "document": self.document,
            "key": self.signer.hex(),
            "limits_sha256": self.limits.sha256,
            "requests": [list(one) for one in self.requests],
            "limits": [[*one.limit, one.given_l, one.pending_l] for one in self.sums],
            "regions": [list(one) for one in self.villages.values()],
            "sites": [
                {name: getattr(one, name) for name in _SHOWN}
                | {"head": [*one.head[:2], one.head[2].hex()], "notes": list(one.notes)}
                for one in self.planned
            ],
        }

    @property
    def digest(self) -> str:
        """Names what is shown: SHA-256 in hex."""
        text = json.dumps(self.facts(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(b"KZ draft 1\n" + text.encode()).hexdigest()

    def rises(self) -> list[Planned]:
        """The largest rises against the last grants, the largest first; a first right rises from nothing."""
        rising = [one for one in self.planned if one.right_l > (one.former_l or 0)]
        return sorted(rising, key=lambda one: (one.former_l or 0) - one.right_l)[:RISES_SHOWN]

    def cuts(self) -> tuple[int, int]:
        """How many sites get less than before, and how many litres that is together."""
        falls = [(one.former_l or 0) - one.right_l for one in self.planned]
        less = [litres for litres in falls if litres > 0]
        return len(less), sum(less)


def make(judge: Judge, requests: Sequence[Request], document: str) -> Draft:
    """Judge requests together. Raises Refused with every fault of every site, or of the sums."""
    faults = _together(requests) + _gone(judge, requests[0].year)
    planned: list[Planned] = []
    for one in requests if not faults else ():
        found, bad = judge.request(one)
        planned += found
        faults += bad
    if faults:
        raise Refused(faults)
    year = requests[0].year
    villages = sums.villages(planned)
    found_sums = sums.against(judge.limits, sums.counted(planned, judge.limits, judge.state, year), year)
    faults = sums.too_much(found_sums, judge.limits, villages)
    if faults:
        raise Refused(faults)
    return Draft(
        year=year,
        document=document or requests[0].document,
        signer=judge.signer,
        limits=judge.limits,
        requests=tuple((one.name, one.sha256) for one in requests),
        planned=tuple(planned),
        sums=tuple(found_sums),
        villages=villages,
    )


def _gone(judge: Judge, year: int) -> list[Fault]:
    """Sites that hold a right of this year and stand in no table any more: the sums would forget them."""
    return [
        fault(name, "site-gone", year=year, right=cubic_metres(judge.state.right_l(name, year)))
        for name in judge.state.sites
        if name not in judge.limits.sites and judge.state.right_l(name, year)
    ]


def _together(requests: Sequence[Request]) -> list[Fault]:
    first = requests[0]
    found = [
        fault(one.name, "requests-years", year=one.year, other=first.year)
        for one in requests
        if one.year != first.year
    ]
    seen: set[str] = set()
    for one in requests:
        names = {wish.site for wish in one.wishes}
        found += [fault(f"{one.name}, {site}", "requests-site") for site in sorted(names & seen)]
        seen |= names
    return found


def sign(draft: Draft, key: Ed25519PrivateKey, now_s: int) -> list[bytes]:
    """The signed grants, in the order of the plan."""
    return [_sign(draft, one, key, now_s) for one in draft.planned]


def _sign(draft: Draft, one: Planned, key: Ed25519PrivateKey, now_s: int) -> bytes:
    values = {
        "flags": 0,
        "policy": one.policy,
        "seq": one.seq,
        "site": one.site,
        "issuer": signed.key_id(draft.signer),
        "issued_utc_s": now_s,
        "document": draft.document,
        "head_chain": one.head[0],
        "head_seq": one.head[1],
        "head_h": one.head[2],
        "head_volume_l": one.volume_l,
        "head_ledger_l": one.ledger_l,
    }
    body = grant.encode(values, one.rows)
    return bytes(body + key.sign(signed.message(grant.LABEL, body)))


def entry(draft: Draft, grants: Sequence[bytes], by: str, now_s: int) -> dict[str, Any]:
    """The line of the journal: what was signed, from what, and what is remembered of it."""
    return {
        "utc_s": now_s,
        "sort": state.GRANTS,
        "by": by,
        "digest": draft.digest,
        "year": draft.year,
        "document": draft.document,
        "key": draft.signer.hex(),
        "limits_sha256": draft.limits.sha256,
        "requests": [{"name": name, "sha256": sha256} for name, sha256 in draft.requests],
        "sites": [_site_entry(one, data) for one, data in zip(draft.planned, grants, strict=True)],
    }


def _site_entry(one: Planned, data: bytes) -> dict[str, Any]:
    return {
        "site": one.site,
        "seq": one.seq,
        "right_l": one.right_l,
        "counted_l": one.counted_l,
        "ceiling_l": one.ceiling_l,
        "corrections": one.corrections,
        "corrections_wh": one.corrections_wh,
        "because": one.because,
        "proved": one.proved,
        "year_start": one.year_start,
        "grant": base64.b64encode(data).decode(),
    }
