"""Kept cosignatures: durable, never more than one file a witness, and nothing spoilt is ever read back."""

import pytest

from karez_gateway.log.cosigned import CosignedCheckpoints
from karez_gateway.log.tlog import Tlog
from karez_gateway.verifier.checkpoint import Checkpoint, open_checkpoint
from karez_gateway.verifier.note import Note, Signer, VerifierKey, sign_note
from karez_simulators.witness_notes import WitnessKey

from .power_cut_disk import PowerCut, PowerCutDisk

ORIGIN = "karez.test/county"
SIGNER = Signer(ORIGIN, bytes(range(32)))
KEYS = [WitnessKey(f"w{number}.example", bytes([number]) * 32) for number in (1, 2, 3)]
WITNESSES = [VerifierKey.parse(str(one)) for one in KEYS]
T0 = 1_790_000_000


def note_of(size, signer=SIGNER):
    return sign_note(Checkpoint(ORIGIN, size, bytes([size]) * 32).format(), signer)


def line_of(note, key, time_s=T0):
    text = Note.parse(note).text
    return Note.parse(text + b"\n" + key.cosign(text, time_s)).signatures[0]


def kept_on(disk, witnesses=WITNESSES):
    return CosignedCheckpoints(disk, ORIGIN, SIGNER.verifier_key, witnesses)


def add(kept, size, *keys):
    for key in keys:
        kept.add(note_of(size), line_of(note_of(size), key))


def shown(kept):
    return {one.size: [by.key.name[:2] for by in one.witnesses] for one in kept.read()}


def test_each_witness_s_newest_checkpoint_is_kept_and_nothing_else():
    kept = kept_on(PowerCutDisk())
    assert kept.read() == [] and kept.newest_by(WITNESSES[0]) is None and kept.covering(0) == []
    add(kept, 5, *KEYS)
    assert shown(kept) == {5: ["w1", "w2", "w3"]}
    add(kept, 7, KEYS[2], KEYS[0])
    assert shown(kept) == {5: ["w1", "w2", "w3"], 7: ["w1", "w3"]}
    add(kept, 9, KEYS[0])
    assert shown(kept) == {5: ["w1", "w2", "w3"], 7: ["w1", "w3"], 9: ["w1"]}
    add(kept, 9, KEYS[2])
    assert shown(kept) == {5: ["w1", "w2", "w3"], 9: ["w1", "w3"]}
    add(kept, 9, KEYS[1])
    assert shown(kept) == {9: ["w1", "w2", "w3"]}
    assert [one.size for one in (kept.newest_by(key) for key in WITNESSES)] == [9, 9, 9]
    (one,) = kept.read()
    opened = open_checkpoint(one.note, ORIGIN, SIGNER.verifier_key, WITNESSES)
    assert (len(opened.witnesses), opened.unknown, one.root) == (3, 0, bytes([9]) * 32)


def test_the_checkpoint_that_covers_an_entry_and_has_the_most_witnesses_comes_first():
    kept = kept_on(PowerCutDisk())
    add(kept, 5, *KEYS)
    add(kept, 7, *KEYS[:2])
    add(kept, 9, KEYS[0])
    for size, sizes in ((0, [5, 7, 9]), (5, [5, 7, 9]), (6, [7, 9]), (8, [9]), (10, [])):
        assert [one.size for one in kept.covering(size)] == sizes
    add(kept, 9, KEYS[1])
    assert [one.size for one in kept.covering(6)] == [9]


def test_a_second_stamp_of_the_same_tree_replaces_the_first():
    kept = kept_on(PowerCutDisk())
    add(kept, 5, KEYS[0])
    kept.add(note_of(5), line_of(note_of(5), KEYS[0], T0 + 9))
    assert [by.time_s for by in kept.read()[0].witnesses] == [T0 + 9]


def test_who_is_no_longer_configured_is_not_shown_and_goes():
    disk = PowerCutDisk()
    add(kept_on(disk), 5, *KEYS[:2])
    add(kept_on(disk), 7, KEYS[1])
    fewer = kept_on(disk, WITNESSES[:1])
    assert shown(fewer) == {5: ["w1"]}
    assert b"w2.example" not in fewer.read()[0].note
    add(fewer, 8, KEYS[0])
    assert disk.list("cosigned") == ["8"]
    assert shown(kept_on(disk, [])) == {}


def test_every_changed_byte_of_a_kept_file_costs_it_and_nothing_more():
    disk = PowerCutDisk()
    kept = kept_on(disk)
    add(kept, 5, *KEYS[:2])
    add(kept, 7, KEYS[0])
    good = disk.read("cosigned/7")
    for at in range(len(good)):
        disk.write("cosigned/7", good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert shown(kept) == {5: ["w1", "w2"]}, at
    for end in range(len(good)):
        disk.write("cosigned/7", good[:end])
        assert shown(kept) == {5: ["w1", "w2"]}, end
    disk.write("cosigned/7", good)
    assert shown(kept) == {5: ["w1", "w2"], 7: ["w1"]}


def test_another_log_s_note_another_s_size_and_odd_names_are_not_read():
    disk = PowerCutDisk()
    kept = kept_on(disk)
    add(kept, 5, KEYS[0])
    good = disk.read("cosigned/5")
    foreign = note_of(8, Signer(ORIGIN, bytes(32)))
    disk.write("cosigned/6", good)
    disk.write("cosigned/8", foreign + KEYS[0].cosign(Note.parse(foreign).text, T0))
    for name in ("05", "+5", "5.tmp", "٥", "x", "9" * 20):
        disk.write(f"cosigned/{name}", good)
    assert shown(kept) == {5: ["w1"]}
    add(kept, 9, KEYS[0])
    assert disk.list("cosigned") == ["9"]


def test_only_a_note_of_this_log_can_be_added():
    kept = kept_on(PowerCutDisk())
    foreign = note_of(5, Signer(ORIGIN, bytes(32)))
    with pytest.raises(Exception, match="no key we know"):
        kept.add(foreign, line_of(foreign, KEYS[0]))
    assert kept.read() == []


def states(disk):
    """What is read after a power cut in its two extremes, and after a kill."""
    for survivor in (
        disk.after_power_cut(lambda _: 0),
        disk.after_power_cut(lambda n: n - 1),
        disk.after_kill(),
    ):
        yield survivor, shown(kept_on(survivor))


def test_after_a_cut_at_any_write_the_old_or_the_new_is_there_and_adding_goes_on():
    steps = [({}, 5, KEYS[0]), ({5: ["w1"]}, 5, KEYS[1]), ({5: ["w1", "w2"]}, 7, KEYS[0])]
    after = [{5: ["w1"]}, {5: ["w1", "w2"]}, {5: ["w1", "w2"], 7: ["w1"]}]
    cuts = 0
    for before, size, key in steps:
        new = after[cuts_of(before)]
        for fail_at in range(1, 40):
            disk = PowerCutDisk()
            for _, earlier_size, earlier_key in steps[: cuts_of(before)]:
                add(kept_on(disk), earlier_size, earlier_key)
            disk.operations, disk.fail_at = 0, fail_at
            try:
                add(kept_on(disk), size, key)
            except PowerCut:
                cuts += 1
                for survivor, found in states(disk):
                    assert found in (before, new), (before, fail_at, found)
                    survivor.fail_at = None
                    add(kept_on(survivor), size, key)
                    assert shown(kept_on(survivor)) == new
            else:
                assert all(found == new for _, found in states(disk))
                break
        else:
            raise AssertionError("never went through")
    assert cuts >= 12


def cuts_of(before):
    return [{}, {5: ["w1"]}, {5: ["w1", "w2"]}].index(before)


def test_the_log_itself_does_not_mind_what_lies_beside_it(tmp_path):
    with Tlog.create(tmp_path / "log", ORIGIN, SIGNER) as log:
        log.append([b"x"])
    (tmp_path / "log" / "cosigned").mkdir()
    (tmp_path / "log" / "cosigned" / "1").write_bytes(b"junk")
    with Tlog.open(tmp_path / "log", ORIGIN, SIGNER) as log:
        assert log.size == 1
