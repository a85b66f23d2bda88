"""A box without a site: keys once, and nothing written that it could not work with."""

import binascii

from karez_firmware import bench_line, bring_up, commissioning, identity
from karez_firmware.commissioning import SORTS, Refused, take
from karez_firmware.ports import fake_memory
from karez_firmware.store import objects
from karez_firmware.update import marks
from karez_protocols import signed
from updates import a_flash
from wellhouse import (
    AUTHORITY,
    BENCH,
    CERTIFICATE,
    KEPT,
    NAME,
    SEGMENTS,
    Well,
    a_binding,
    a_config,
    memories,
    port_for,
)

GOOD = {"binding": a_binding(), "certificate": CERTIFICATE, "authority": AUTHORITY, "config": a_config()}


def a_port(kept=True):
    """A port whose box has keys and nothing else."""
    port = port_for(*memories(provisioned=False), well=Well())
    if kept:
        objects.write_once(port.nor, objects.KEY, KEPT)
    return port


def words(name, data):
    return ["object", name, binascii.hexlify(data).decode()]


def contents(nor):
    return {sector: bytes(data) for sector, data in nor._sectors.items()}


def refused(port, parts):
    """The text of a refusal; nothing may have been written."""
    before = contents(port.nor)
    text = None
    try:
        take(port, identity.load(port.nor), parts)
    except Refused as error:
        text = str(error)
    assert text is not None, "taken: %s" % parts[:2]
    assert contents(port.nor) == before, "refused and written: " + text
    return text


def test_keys_are_made_once_and_kept():
    port = a_port(kept=False)
    first = commissioning.identity_of(port)
    again = commissioning.identity_of(port)
    assert (first.name, first.public, first.link_point) == (again.name, again.public, again.link_point)
    assert len(first.link_point) == 65 and first.link_point[0] == 4
    assert port.nor.read(0, 300)[12:] == port.nor.read(4096, 300)[12:]  # two copies


def test_one_damaged_copy_of_the_keys_leaves_the_other():
    port = a_port()
    port.nor.program(20, b"\0\0\0\0")
    assert commissioning.identity_of(port).name == NAME


def test_two_boxes_make_different_keys():
    one, other = a_port(kept=False), a_port(kept=False)
    other._seed = 77
    assert commissioning.identity_of(one).name != commissioning.identity_of(other).name


def test_good_objects_are_taken_in_any_order():
    names = ("binding", "certificate", "authority", "config")
    for order in (names, tuple(reversed(names)), names[2:] + names[:2]):
        port = a_port()
        for at, name in enumerate(order):
            assert len(commissioning.missing(port)) == 4 - at
            assert take(port, identity.load(port.nor), words(name, GOOD[name])) == name
            assert objects.read_any(port.nor, SORTS[name]) == GOOD[name]
        assert commissioning.missing(port) == []


def test_a_second_object_of_a_sort_is_refused_and_the_first_stays():
    port = a_port()
    for name, data in GOOD.items():
        take(port, identity.load(port.nor), words(name, data))
        assert "already there" in refused(port, words(name, data))
    assert "already there" in refused(port, words("binding", a_binding(site="another")))


def test_lines_that_are_no_object_are_refused():
    port = a_port()
    for parts in (
        ["object"],
        ["object", "binding"],
        ["object", "key", "00"],
        ["object", "binding", "00", "00"],
        ["object", "", ""],
    ):
        assert "expected: object" in refused(port, parts)
    for text in ("zz", "0", "0g", "\u4e95\u4e95"):
        assert "not hexadecimal" in refused(port, ["object", "config", text])


def test_a_binding_for_another_box_or_with_another_key_is_refused():
    port = a_port()
    assert "for the box" in refused(port, words("binding", a_binding(controller="0" * 16)))
    assert "for the box" in refused(port, words("binding", a_binding(controller_key=BENCH[64:])))


def test_a_binding_that_the_box_could_not_run_with_is_refused():
    port = a_port()
    water, energy = SEGMENTS
    no_base = dict(water)
    no_base["register_base"] = None
    for data, text in (
        (a_binding(regulator_key=bytes(32)), "binding: the public key"),
        (a_binding(regulator_key=b"\xff" * 32), "binding: the public key"),
        (a_binding(segments=[energy]), "no segment of water"),
        (a_binding(segments=[no_base, energy]), "without its readings"),
        (a_binding(rated_power_w=None), "rated_power_w"),
        (b"", "binding:"),
        (bytes(64), "binding:"),
        (GOOD["binding"][:-65], "binding:"),
        (GOOD["binding"] + b"\0", "binding:"),
    ):
        assert text in refused(port, words("binding", data)), text
    take(port, identity.load(port.nor), words("binding", a_binding(segments=[water], rated_power_w=None)))


def test_certificates_that_are_none_or_for_another_key_are_refused():
    port = a_port()
    for name in ("certificate", "authority"):
        for data in (
            b"", b"\x30", b"\x30\x00", b"\x31" + CERTIFICATE[1:], CERTIFICATE[:-1], CERTIFICATE + b"\0",
            b"\x30\x80\0\0", b"\x30\xff" + bytes(200), b"-----BEGIN CERTIFICATE-----",
        ):  # fmt: skip
            assert "not one whole DER object" in refused(port, words(name, data)), data
    other = CERTIFICATE[:-1] + b"?"
    assert "not for the key" in refused(port, words("certificate", other))
    for length, size in (
        (b"\5", 5),
        (b"\x7f", 127),
        (b"\x81\x80", 128),
        (b"\x81\xff", 255),
        (b"\x82\1\0", 256),
    ):
        assert commissioning._is_der(b"\x30" + length + bytes(size)), size
        assert not commissioning._is_der(b"\x30" + length + bytes(size - 1)), size


def test_a_configuration_that_the_box_could_not_run_with_is_refused():
    port = a_port()
    assert "settings is missing" in refused(port, words("config", b"{}")).replace("'", "")
    meters = [{"quantity": "water", "profile": "none-such", "address": 1}]
    assert "none-such" in refused(port, words("config", a_config(meters=meters)))


def test_an_object_that_no_sector_holds_is_refused():
    port = a_port()
    der = b"\x30\x82" + (4200).to_bytes(2, "big") + bytes(4200)
    assert "does not fit" in refused(port, words("authority", der))


def test_a_store_that_takes_nothing_is_said_over_the_cable():
    port = a_port()
    port.nor.is_dead = True
    assert "read back" in refused(port, words("authority", AUTHORITY))


def test_the_cable_is_served_until_nothing_is_missing():
    port = a_port()
    port.script("start 00", 100)
    port.script("object binding zz", 200)
    for at, name in enumerate(("config", "certificate", "binding", "authority")):
        port.script(" ".join(words(name, GOOD[name])), 3_000 * (at + 1))
    port.script("object config 00", 3_001)
    found = bench_line.run(port)
    assert found.name == NAME
    taken = [line for line in port.said if line.startswith("taken")]
    assert taken == ["taken config", "taken certificate", "taken binding", "taken authority"]
    assert len([line for line in port.said if line.startswith("refused")]) == 2
    needs = [line for line in port.said if line.startswith("need")]
    assert needs[0] == "need binding certificate authority config" and needs[-1] == "need authority"
    assert port.said[0].split(" ")[:2] == ["identity", NAME]
    assert "coil 1" not in port.said


def test_a_cut_at_every_write_of_commissioning_leaves_a_box_that_can_be_commissioned():
    for kept in (0, 60, 99):
        cut_at = 0
        while True:
            cut_at += 1
            nor, fram = memories(provisioned=False)
            nor.mains = fram.mains = fake_memory.Mains(cut_at, kept)
            try:
                commission(nor, fram)
                break
            except fake_memory.PowerCut:
                nor.mains = fram.mains = fake_memory.Mains()
            name = commission(nor, fram)
            assert commissioning.identity_of(port_for(nor, fram, Well())).name == name
            assert not commissioning.missing(port_for(nor, fram, Well()))
        assert cut_at > 4


def commission(nor, fram):
    """Keys as in the others, then every object that is missing; return the name."""
    port = port_for(nor, fram, Well())
    if identity.load(nor) is None:
        objects.write_once(nor, objects.KEY, KEPT)
    for name in commissioning.missing(port):
        take(port, identity.load(nor), words(name, GOOD[name]))
    return identity.load(nor).name


def test_what_was_taken_comes_up():
    port = a_port()
    for name, data in GOOD.items():
        port.script(" ".join(words(name, data)))
    assert bring_up.is_bare(port)
    bench_line.run(port)
    assert not bring_up.is_bare(port)
    bench_line.run(port)
    site = bring_up.bring_up(port)
    assert site.identity.name == NAME and site.values["site"] == "site-1"
    assert [(one[0], one[2]) for one in site.meters] == [("water", 1), ("energy", 2)]
    assert site.regulator[-32:] == site.values["regulator_key"] and len(site.segments) == 2
    assert signed.digest(site.config) == signed.digest(GOOD["config"])


def test_the_water_meter_is_asked_first_whatever_the_document_says():
    meters = [
        {"quantity": "energy", "profile": "sdm630", "address": 2},
        {"quantity": "water", "profile": "tuf2000m", "address": 1},
    ]
    port = a_port()
    for name, data in GOOD.items():
        port.script(" ".join(words(name, a_config(meters=meters) if name == "config" else data)))
    bench_line.run(port)
    bench_line.run(port)
    assert [one[0] for one in bring_up.bring_up(port).meters] == ["water", "energy"]


def test_a_slot_on_trial_that_finds_the_box_bare_ends_and_any_other_waits():
    port = a_port()
    port.flash, port.slot = a_flash(), 1
    marks.Slots(port.flash).append(marks.Row(0, 1, 1))
    try:
        bench_line.run(port)
        raise AssertionError("the trial did not end")
    except SystemExit:
        assert marks.TRIAL_MS <= port.now_ms() < marks.TRIAL_MS + 5_000
    for row in (marks.Row(0), marks.Row(1, 0)):
        port = a_port()
        port.flash, port.slot = a_flash(), 1
        marks.Slots(port.flash).append(row)
        for name, data in GOOD.items():
            port.script(" ".join(words(name, data)), marks.TRIAL_MS + 10_000)
        assert bench_line.run(port).name == NAME
