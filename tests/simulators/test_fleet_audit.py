"""What is held against the gateway: a lost, doubled, changed or falsely acknowledged record is named."""

import pytest

from karez_protocols import chain, entry, record
from karez_simulators import log_reader
from karez_simulators.fleet import audit, roster
from karez_simulators.fleet.records import Scribe
from karez_simulators.fleet.well_life import WellLife

UTC_S = 1_790_000_000
BINDING = b"a binding"


class One:
    """A controller's slots and what it says of itself."""

    def __init__(self, seed="one"):
        key = roster.key_of(seed)
        self.name = chain.controller_name(key.public_key().public_bytes_raw())
        self.slots = []
        scribe = Scribe(self.name, key, BINDING, self.slots.append)
        life = WellLife(scribe, intake=False, checkpoint_phase_s=0)
        life.boot(UTC_S)
        life.start(UTC_S + 1)
        for minute in range(1, 6):
            life.interval(UTC_S + 60 * minute, 60)
        self.facts = {
            "name": self.name,
            "binding": BINDING.hex(),
            "last_seq": scribe.seq,
            "acknowledged_seq": scribe.seq,
            "h": scribe.h.hex(),
            "volume_l": scribe.volume_l,
            "live_from": 5,
        }


def found_in(tmp_path, one, slots):
    """The audit of a log that holds these slots, received 3 s after their own time."""
    bodies = [entry.encode_record(one.name, 1, record.header(slot)["utc_s"] + 3, slot) for slot in slots]
    folder = tmp_path / "log"
    (folder / "tile" / "entries").mkdir(parents=True)
    (folder / "checkpoint").write_text(f"origin\n{len(bodies)}\nroot\n")
    data = b"".join(len(body).to_bytes(2, "big") + body for body in bodies)
    (folder / "tile" / "entries" / "000.p").mkdir()
    (folder / "tile" / "entries" / "000.p" / str(len(bodies))).write_bytes(data)
    return audit.of_log(folder, [one.facts])


def test_a_whole_log_is_clean_in_any_order(tmp_path):
    one = One()
    found = found_in(tmp_path, one, one.slots[-3:] + one.slots[:-3])
    assert found.is_clean and found.records == len(one.slots) == one.facts["last_seq"]
    assert found.live_late_s == {3: len(one.slots) - 4}


def test_a_lost_record_is_lost(tmp_path):
    one = One()
    found = found_in(tmp_path, one, one.slots[:4] + one.slots[5:])
    assert not found.is_clean and found.lost == len(one.slots) - 4
    assert found.acknowledged_not_stored == 1 and one.name in found.faults[0]


def test_a_record_that_is_there_twice_is_told(tmp_path):
    one = One()
    found = found_in(tmp_path, one, [*one.slots, one.slots[2]])
    assert found.twice == 1 and not found.is_clean and not found.lost


@pytest.mark.parametrize("at", [30, 127])
def test_a_changed_byte_is_found(tmp_path, at):
    one = One()
    spoilt = bytearray(one.slots[4])
    spoilt[at] ^= 1
    found = found_in(tmp_path, one, [*one.slots[:4], bytes(spoilt), *one.slots[5:]])
    assert not found.is_clean and "other bytes" in found.faults[0]


def test_records_of_nobody_are_strangers(tmp_path):
    one, other = One(), One("other")
    one.name = other.name
    found = found_in(tmp_path, one, other.slots)
    assert found.strangers == len(other.slots) and not found.is_clean


def test_what_the_gateway_did_not_verify_or_book_is_told():
    one = One()
    good = {"chain": 1, "verified_seq": one.facts["last_seq"], "quarantined": {}, "forks": 0}
    whole = {"name": one.name, "chains": [good], "litres_booked": one.facts["volume_l"]}

    def judged(*controllers):
        found = audit.Audit()
        audit.of_status(found, {"controllers": list(controllers)}, [one.facts])
        return found.not_verified, found.litres_wrong

    assert judged(whole) == (0, 0) and audit.is_caught_up({"controllers": [whole]}, [one.facts])
    assert judged() == (1, 1) and not audit.is_caught_up({"controllers": []}, [one.facts])
    assert judged(whole | {"chains": [good | {"verified_seq": 3}]}) == (1, 0)
    assert judged(whole | {"chains": [good | {"quarantined": {"the chain is broken": 1}}]}) == (1, 0)
    assert judged(whole | {"litres_booked": 5}) == (0, 1)


def test_bytes_and_decoded_entries_are_the_same_log(tmp_path):
    one = One()
    found_in(tmp_path, one, one.slots)
    bodies = list(log_reader.bodies(tmp_path / "log"))
    assert [entry.decode(body) for body in bodies] == list(log_reader.entries(tmp_path / "log"))
