"""A gateway's operator who drops or changes records of a bundle, and mends whatever needs no key for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from karez_simulators.world.chance import Chance
    from karez_simulators.world.farm import Farm

_SEQ = slice(4, 8)
_VOLUME_AT = 38  # a byte of what a measuring record says


class Operator:
    """Has root on the gateway, and no key but the log's (integrity.md section 4)."""

    def __init__(self, chance: Chance) -> None:
        """Take the dice that choose the record."""
        self._chance = chance

    def alter(self, farm: Farm, data: bytes) -> Iterator[tuple[str, bytes, int]]:
        """Yield (how, altered bundle, number of the record), one of each way."""
        found = bundle.decode(data)
        slots = [bytes(one) for one in found["slots"]]
        if len(slots) < 3:
            return
        at = self._chance.randrange(1, len(slots) - 1)
        seq = int.from_bytes(slots[at][_SEQ], "little")
        yield "dropped", self._again(found, slots[:at] + slots[at + 1 :]), seq
        changed = bytearray(slots[at])
        changed[_VOLUME_AT] ^= 1 << self._chance.randrange(8)
        yield "changed", self._again(found, [*slots[:at], bytes(changed), *slots[at + 1 :]]), seq
        del farm

    @staticmethod
    def _again(found: dict[str, Any], slots: list[bytes]) -> bytes:
        """The file as a program would write it, digest and all."""
        papers = found["binding"], found["grants"], found["chain"], found["h_before"]
        return bytes(bundle.encode(*papers, slots, found["note"], found["proofs"]))
