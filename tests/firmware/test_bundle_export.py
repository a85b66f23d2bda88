"""The export by cable: what it gives is a whole, canonical bundle, whatever the ring looks like.

That a verifier proves it is shown in tests/gateway/test_cable_bundle.py.
"""

import binascii
import hashlib

from karez_firmware.bundle_export import BundleExport, NothingToProve, pieces
from karez_firmware.journal import Journal
from karez_firmware.ports import fake, fake_memory
from karez_firmware.store import devices, objects
from karez_firmware.store.ring import Ring
from karez_protocols import bundle, chain, grant, record, signed
from wellhouse import UTC, a_binding, a_grant

SIGNATURE = bytes(64)  # the box gives what it once made; who signed it is the verifier's question
SECTORS = 4


class Box:
    """A journal that writes what a test asks for, and the cable."""

    def __init__(self, sectors=SECTORS):
        self.nor = fake_memory.RamNor((objects.SECTORS + sectors) * devices.SECTOR)
        self.port = fake.Port(self.nor, fake_memory.RamFram(4096))
        self.ring = Ring(self.nor, objects.SECTORS, sectors)
        self.journal = Journal(self.nor, self.port.fram, self.ring)
        self.binding = a_binding()
        objects.write(self.nor, objects.BINDING, 0, self.binding)
        self.journal.start(self.binding)
        self.write(record.BINDING, object_seq=1, digest=signed.digest(self.binding), length=len(self.binding))

    def write(self, kind, **values):
        values["kind"] = kind
        values["cause"] = 0
        return self.journal.append(values, UTC, 1, record.TIME_SYNCHRONISED)

    def fill(self, count):
        """Records of no meaning here."""
        for _ in range(count):
            self.write(record.CONFIG, object_seq=1, digest=bytes(32), length=1)

    def sign(self):
        """A checkpoint: its two records. Return the seq of the second."""
        head = self.journal.head
        seq = head["seq"] + 1
        self.write(
            record.STATEMENT, covered_seq=head["seq"], covered_h=head["h"], core_digest=bytes(24),
            config_digest=bytes(24), chain=head["chain"],
        )  # fmt: skip
        self.write(record.SIGNATURE, statement_seq=seq, signature=SIGNATURE)
        return seq + 1

    def accept(self, seq):
        """A grant, as evidence.py takes one into force."""
        data = a_grant(1000, seq)
        head = self.journal.head
        place = self.journal.put_object(objects.GRANT, "grant_place", data)
        head["grant_seq"], head["grant_place"] = seq, place
        self.write(record.GRANT, object_seq=seq, digest=signed.digest(data), length=len(data))
        return data

    def export(self, from_seq=1):
        return b"".join(pieces(self.nor, self.ring, self.journal.head["chain"], from_seq))

    def refusal(self, from_seq=1):
        return refused(pieces(self.nor, self.ring, self.journal.head["chain"], from_seq))


def refused(given):
    """Why an export ends without a file."""
    try:
        for _ in given:
            pass
    except NothingToProve as error:
        return str(error)
    raise AssertionError("it was given")


def opened(data):
    """The decoded bundle, its digest and the chain of its slots checked; it is what encode() makes of it."""
    found = bundle.decode(data)
    assert found["digest_ok"]
    made = bundle.encode(found["binding"], found["grants"], found["chain"], found["h_before"], found["slots"])
    assert bytes(made) == data
    h = found["h_before"]
    for slot in found["slots"]:
        h = chain.check(h, slot)
    return found


def whole(data):
    """A bundle's file from its pieces: they come without the digest, which the cable adds."""
    return data + hashlib.sha256(data).digest()


def seqs(found):
    numbers = [record.header(slot)["seq"] for slot in found["slots"]]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    return numbers[0], numbers[-1]


def grants(found):
    return [grant.decode(signed.split(grant.LABEL, one)[0])[0]["seq"] for one in found["grants"]]


# -- what is in it ------------------------------------------------------------------------


def test_everything_up_to_the_last_signature_with_binding_and_grant():
    box = Box()
    data = box.accept(1)
    box.fill(40)  # over the end of a sector
    last = box.sign()
    box.fill(3)  # nobody signed these yet
    found = opened(whole(box.export()))
    assert seqs(found) == (1, last)
    assert found["binding"] == box.binding and found["grants"] == [data]
    assert found["h_before"] == chain.genesis(1, box.binding)
    assert found["chain"] == 1 and found["note"] == b""


def test_a_run_may_begin_at_any_record_and_ends_with_a_signature_over_it():
    box = Box()
    box.fill(33)
    first_signed = box.sign()
    box.fill(20)
    last = box.sign()
    for from_seq in range(-1, last):
        found = opened(whole(box.export(from_seq)))
        assert seqs(found) == (max(1, from_seq), last), from_seq
    # A signature alone, without its statement, proves nothing of what is asked for.
    for from_seq in (last, last + 1, last + 100):
        assert "no signature" in box.refusal(from_seq)
    assert first_signed < last


def test_a_box_without_a_signature_says_so():
    box = Box()
    box.fill(5)
    assert "no signature" in box.refusal()


def test_a_box_without_any_record_says_so():
    nor = fake_memory.RamNor((objects.SECTORS + SECTORS) * devices.SECTOR)
    assert "no records" in refused(pieces(nor, Ring(nor, objects.SECTORS, SECTORS), 1))


def test_only_the_chain_that_is_written_now_is_given():
    box = Box()
    box.sign()
    box.journal.head["chain"] = 2
    box.journal.head["h"] = chain.genesis(2, box.binding)
    box.journal.head["seq"] = 0
    box.journal.head["sector"] += 1
    box.journal.head["index"] = 0
    box.fill(2)
    box.sign()
    found = opened(whole(box.export()))
    assert found["chain"] == 2 and seqs(found) == (1, 4)
    assert found["h_before"] == chain.genesis(2, box.binding)


def test_when_the_ring_has_gone_round_the_run_begins_with_its_oldest_record():
    box = Box()
    box.journal.head["acknowledged_seq"] = 10_000  # else every sector that goes leaves a loss record
    box.fill(31 * SECTORS + 17)
    last = box.sign()
    found = opened(whole(box.export()))
    first = box.journal.oldest()
    assert first > 1 and seqs(found) == (first, last)


# -- grants -------------------------------------------------------------------------------


def test_both_grants_that_are_held_are_given_when_records_name_them():
    box = Box()
    one, two = box.accept(1), box.accept(2)
    box.sign()
    found = opened(whole(box.export()))
    assert found["grants"] == [one, two] and seqs(found)[0] == 1


def test_behind_a_grant_that_is_gone_a_run_begins():
    box = Box()
    for seq in (1, 2, 3):
        box.accept(seq)
        box.fill(2)
    last = box.sign()
    found = opened(whole(box.export()))
    # Record 2 names grant 1, which two newer ones have overwritten.
    assert seqs(found) == (3, last) and grants(found) == [2, 3]


def test_the_grant_in_force_is_given_though_its_record_is_older():
    box = Box()
    box.accept(1)
    box.accept(2)
    box.fill(3)
    last = box.sign()
    found = opened(whole(box.export(from_seq=5)))
    assert seqs(found) == (5, last) and grants(found) == [2]


def test_a_grant_that_lies_there_but_was_never_recorded_is_not_given():
    box = Box()
    one = box.accept(1)
    box.journal.put_object(objects.GRANT, "grant_place", a_grant(9_000, 2))
    box.sign()
    assert opened(whole(box.export()))["grants"] == [one]


def test_a_grant_named_only_behind_the_last_signature_is_not_given():
    box = Box()
    one = box.accept(1)
    last = box.sign()
    box.accept(2)
    found = opened(whole(box.export()))
    assert found["grants"] == [one] and seqs(found) == (1, last)


def test_of_two_objects_with_one_number_one_is_given():
    box = Box()
    one = box.accept(1)
    box.journal.put_object(objects.GRANT, "grant_place", a_grant(9_000, 1))
    box.sign()
    found = opened(whole(box.export()))
    assert len(found["grants"]) <= 1
    # Whichever it is: the records that are given name no other.
    if found["grants"] != [one]:
        assert seqs(found)[0] == 3


def test_an_object_that_is_no_grant_does_no_harm():
    box = Box()
    objects.write(box.nor, objects.GRANT, 1, b"short")
    last = box.sign()
    found = opened(whole(box.export()))
    assert found["grants"] == [] and seqs(found) == (1, last)


# -- a ring that has suffered -------------------------------------------------------------


def test_a_slot_that_was_burnt_is_passed_over():
    box = Box()
    box.fill(3)
    head = box.journal.head
    at = (objects.SECTORS + head["sector"]) * devices.SECTOR + head["index"] * record.SLOT_SIZE
    box.nor.program(at, bytes(8) + b"\x55" * 120)
    head["index"] += 1
    box.fill(3)
    last = box.sign()
    assert seqs(opened(whole(box.export()))) == (1, last)


def test_behind_a_spoilt_record_the_run_begins_with_the_next_sector():
    for byte in (5, 30, 120):  # seq, content, h
        box = Box()
        box.fill(40)
        last = box.sign()
        held = box.nor.read(objects.SECTORS * devices.SECTOR + 9 * record.SLOT_SIZE, record.SLOT_SIZE)
        spoilt = bytearray(held)
        spoilt[byte] = 0 if held[byte] else 1
        box.nor.erase(objects.SECTORS)
        # A flash that forgot: the sector again, with one byte of one record otherwise.
        copy = Box()
        copy.fill(40)
        for index in range(32):
            slot = copy.nor.read(objects.SECTORS * devices.SECTOR + index * 128, 128)
            box.nor.program(
                objects.SECTORS * devices.SECTOR + index * 128, bytes(spoilt) if index == 9 else slot
            )
        assert seqs(opened(whole(box.export()))) == (32, last), byte


def test_a_sector_that_is_gone_ends_no_run_that_begins_behind_it():
    box = Box()
    box.fill(80)
    last = box.sign()
    box.nor.erase(objects.SECTORS + 1)
    found = opened(whole(box.export()))
    assert seqs(found) == (63, last)


def test_records_that_go_while_they_are_read_end_the_export():
    box = Box()
    box.fill(80)
    box.sign()
    given = pieces(box.nor, box.ring, 1)
    for piece in given:
        if piece == bundle.MAGIC:
            break
    box.nor.erase(objects.SECTORS + 1)
    assert "went meanwhile" in refused(given)


def test_a_grant_that_is_replaced_while_it_is_read_ends_the_export():
    box = Box()
    box.accept(1)
    box.sign()
    given = pieces(box.nor, box.ring, 1)
    for piece in given:
        if piece == bundle.MAGIC:
            break
    objects.write(box.nor, objects.GRANT, 0, a_grant(5, 9))
    objects.write(box.nor, objects.GRANT, 1, a_grant(5, 9))
    assert "new grant" in refused(given)


def test_what_is_written_meanwhile_is_not_in_it_and_does_no_harm():
    box = Box()
    box.accept(1)
    last = box.sign()
    data = b""
    for at, piece in enumerate(pieces(box.nor, box.ring, 1)):
        data += piece
        if at % 3 == 0:
            box.fill(1)
    assert seqs(opened(whole(data))) == (1, last)


# -- the cable ----------------------------------------------------------------------------


def received(port, slices=10_000, room=None, box=None, from_seq=1):
    """Run an export over the cable; return (file or None, last line, most bytes of a line)."""
    export = BundleExport(port, box.ring, box.journal.head["chain"], from_seq)
    held = 0
    while export.is_busy:
        slices -= 1
        assert slices, "no end"
        if room is not None and slices % 3 == 0:
            port.room = room
        export.run_slice()
        held += export.is_held
    lines = [line.split(" ") for line in port.said if line.startswith("bundle ")]
    data = b""
    for words in lines[:-1]:
        assert int(words[1]) == len(data)
        data += binascii.unhexlify(words[2])
    longest = max(len(line) for line in port.said)
    return data, lines[-1], longest, held


def a_box():
    box = Box()
    box.accept(1)
    box.fill(40)
    box.sign()
    return box


def test_the_lines_of_the_cable_make_the_file_and_its_end_names_it():
    box = a_box()
    data, end, longest, held = received(box.port, box=box)
    assert seqs(opened(data)) == (1, 44) and held == 0
    digest = binascii.hexlify(hashlib.sha256(data).digest()).decode()
    assert end == ["bundle", "end", "%d" % len(data), digest]
    assert longest < 300  # a kilobyte of heap with all the copies a port makes of it


def test_a_full_cable_loses_nothing():
    box = a_box()
    wanted, end, _, _ = received(box.port, box=box)
    box.port.said = []
    data, same, _, held = received(box.port, room=1, box=box)
    assert (data, same) == (wanted, end) and held > 10


def test_a_refusal_is_said_and_is_the_last_line():
    box = Box()
    data, end, _, _ = received(box.port, box=box)
    assert data == b"" and end[:2] == ["bundle", "refused"] and len(end) > 5


def test_a_dead_cable_leaves_the_export_waiting_and_cheap():
    box = a_box()
    box.port.room = 0
    export = BundleExport(box.port, box.ring, 1)
    while export.run_slice():
        pass
    assert export.is_busy and export.is_held
    for _ in range(100):
        assert export.run_slice() is False
    assert box.port.said == []
