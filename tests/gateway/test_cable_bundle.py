"""What a box gives by cable is proved by the verifier, with nothing of the gateway in it."""

import binascii

import pytest

import wellhouse
from karez_firmware.bundle_export import BundleExport
from karez_firmware.store import objects
from karez_firmware.store.devices import SECTOR
from karez_firmware.store.ring import Ring
from karez_gateway.verifier import bundle_check
from karez_gateway.verifier.trust import Trust
from wellhouse import BENCH, NAME, REGULATOR, a_grant, ready

TRUST = Trust(BENCH[64:], (REGULATOR[64:],))


def ring_of(house):
    return Ring(house.nor, objects.SECTORS, house.nor.size // SECTOR - objects.SECTORS)


def by_cable(house, from_seq=1):
    """The file that the lines of the cable make; the box goes on meanwhile."""
    export = BundleExport(house.port, ring_of(house), house.app.journal.head["chain"], from_seq)
    turns = 0
    while export.is_busy:
        export.run_slice()
        turns += 1
        if turns % 20 == 0:
            house.turn()
    data = b""
    for line in house.port.said:
        words = line.split(" ")
        if words[0] != "bundle":
            continue
        if words[1] == "refused":
            raise AssertionError(line)
        if words[1] != "end":
            assert int(words[1]) == len(data)
            data += binascii.unhexlify(words[2])
    house.port.said = []
    return data


def irrigate(house, seconds=30):
    house.press()
    house.run(seconds)
    house.press("stop")
    house.run(15)


@pytest.fixture
def house():
    found = ready(100_000)
    irrigate(found)
    return found


def test_an_irrigation_is_proved_from_the_binding_to_its_code(house):
    report = bundle_check.check(by_cable(house), TRUST)
    assert report.verdict == "proved", report.rejections
    assert (report.site, report.controller) == ("site-1", NAME)
    assert report.first_seq == 1 and report.signed_to == report.last_seq - 1
    (irrigation,) = report.irrigations
    assert irrigation.code and report.last_volume_l == house.well.litres
    # Nothing but what a cable bundle lacks by its nature, and the signature's own record.
    assert {one.code for one in report.findings} == {"log_absent", "grant_issuer"}
    assert report.log is None and [one.seq for one in report.grants] == [1]


def test_a_year_of_grants_is_proved_from_the_last_but_one_on(house):
    for seq in (2, 3, 4):
        house.offer(a_grant(100_000 + seq, seq))
        irrigate(house)
    report = bundle_check.check(by_cable(house), TRUST)
    assert report.verdict == "proved", report.rejections
    assert [one.seq for one in report.grants] == [3, 4]
    # Behind the record of grant 2: its own irrigation is still shown, and what is missing is said.
    assert [one.grant_seq for one in report.irrigations] == [2, 3, 4]
    assert {(one.code, one.facts["grant"]) for one in report.flags if "grant" in one.facts} >= {
        ("grant_not_included", 2)
    }
    assert report.first_volume_l < report.last_volume_l == house.well.litres


def test_a_part_is_proved_from_wherever_it_begins(house):
    irrigate(house)
    last = bundle_check.check(by_cable(house), TRUST).last_seq
    for from_seq in range(1, last):
        report = bundle_check.check(by_cable(house, from_seq), TRUST)
        assert report.verdict == "proved", (from_seq, report.rejections)
        assert (report.first_seq, report.last_seq) == (from_seq, last)


def test_it_is_read_while_the_pump_runs_and_the_pump_goes_on(house):
    house.press()
    house.run(20)
    assert house.well.closed
    report = bundle_check.check(by_cable(house), TRUST)
    assert report.verdict == "proved", report.rejections
    assert house.well.closed and len(report.irrigations) == 1


def test_after_the_ring_went_round_what_is_left_is_proved():
    nor, fram = wellhouse.memories(sectors=3)
    house = wellhouse.House(nor, fram)
    house.run(4)
    house.offer(a_grant(100_000))
    for _ in range(30):
        irrigate(house, 5)
    assert house.app.journal.oldest() > 1
    report = bundle_check.check(by_cable(house), TRUST)
    assert report.verdict == "proved", report.rejections
    assert report.first_seq == house.app.journal.oldest() and report.last_volume_l == house.well.litres


def test_a_changed_bit_is_found(house):
    data = by_cable(house)
    for at in range(0, len(data), 97):
        broken = bytearray(data)
        broken[at] ^= 1
        assert bundle_check.check(bytes(broken), TRUST).verdict == "rejected", at
