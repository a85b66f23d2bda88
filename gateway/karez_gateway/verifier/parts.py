"""The parts of a bundle file and where each of them lies in it."""

import hashlib
from dataclasses import dataclass

from karez_protocols import bundle
from karez_protocols.errors import ProtocolError
from karez_protocols.record import SLOT_SIZE

from .findings import Finding, found

_SECTION_HEAD = 5  # tag u8 and length u32
_DIGEST_BITS_MAX = 8  # so few differing bits mean that the digest itself was damaged, not what it covers


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of the file and the byte they begin at."""

    data: bytes
    at: int

    @property
    def span(self) -> tuple[int, int]:
        """Bytes [first, end) of the file."""
        return self.at, self.at + len(self.data)


@dataclass(frozen=True, slots=True)
class Parts:
    """A bundle of the right shape, nothing checked yet."""

    binding: Part
    grants: tuple[Part, ...]
    chain: int
    h_before: bytes
    slots: tuple[bytes, ...]
    slots_at: int
    note: Part
    proofs: tuple[tuple[int, Part, tuple[bytes, ...]], ...]
    size: int

    def slot_span(self, index: int, start: int = 0, end: int = SLOT_SIZE) -> tuple[int, int]:
        """Bytes of the file that hold bytes start..end of the slot at `index`."""
        base = self.slots_at + index * SLOT_SIZE
        return base + start, base + end


def take_apart(data: bytes) -> tuple[Parts | None, list[Finding]]:
    """Return the parts of a file, None if it has not the shape of a bundle, and what is wrong with it."""
    try:
        raw = bundle.decode(data)
    except ProtocolError as error:
        return None, [found("file_shape", span=_broken_section(data), reason=str(error))]
    findings = [] if raw["digest_ok"] else [_digest(data)]
    at = len(bundle.MAGIC) + _SECTION_HEAD
    binding = Part(raw["binding"], at)
    at += len(binding.data) + _SECTION_HEAD
    grants = []
    for grant in raw["grants"]:
        grants.append(Part(grant, at))
        at += len(grant) + _SECTION_HEAD
    note_at = raw["slots_at"] + SLOT_SIZE * len(raw["slots"]) + _SECTION_HEAD + 2
    parts = Parts(
        binding=binding,
        grants=tuple(grants),
        chain=raw["chain"],
        h_before=raw["h_before"],
        slots=tuple(raw["slots"]),
        slots_at=raw["slots_at"],
        note=Part(raw["note"], note_at),
        proofs=_proofs(raw["proofs"], note_at + len(raw["note"])),
        size=len(data),
    )
    return parts, findings


def _proofs(
    raw: list[tuple[int, bytes, list[bytes]]], at: int
) -> tuple[tuple[int, Part, tuple[bytes, ...]], ...]:
    proofs = []
    for index, entry, hashes in raw:
        proofs.append((index, Part(entry, at + 10), tuple(hashes)))
        at += 10 + len(entry) + 1 + 32 * len(hashes)
    return tuple(proofs)


def _digest(data: bytes) -> Finding:
    end = len(data) - 32
    computed = int.from_bytes(hashlib.sha256(data[:end]).digest(), "big")
    differing = (computed ^ int.from_bytes(data[end:], "big")).bit_count()
    place = "digest" if differing <= _DIGEST_BITS_MAX else "file"
    return found("file_digest", span=(end, len(data)) if place == "digest" else (0, end), field=place)


def _broken_section(data: bytes) -> tuple[int, int]:
    """The section head at which the file stops being a bundle, or its beginning."""
    if data[: len(bundle.MAGIC)] != bundle.MAGIC:
        return 0, min(len(data), len(bundle.MAGIC))
    at, last, end = len(bundle.MAGIC), 0, max(len(data) - 32, len(bundle.MAGIC))
    seen: set[int] = set()
    while end - at >= _SECTION_HEAD:
        tag, size = data[at], int.from_bytes(data[at + 1 : at + _SECTION_HEAD], "little")
        out_of_place = not bundle.BINDING <= tag <= bundle.LOG or tag < last
        if out_of_place or (tag in seen and tag != bundle.GRANT) or size > end - at - _SECTION_HEAD:
            return at, at + _SECTION_HEAD
        seen.add(tag)
        last = tag
        at += _SECTION_HEAD + size
    return (at, len(data)) if at < end else (len(bundle.MAGIC), end)
