"""A gateway that lies: each lie is a sentence with its place, and nothing is signed."""

from dataclasses import replace

import pytest

from karez_gateway.regulator import draft, state
from karez_gateway.regulator.errors import Refused
from karez_gateway.regulator.journal import Head
from karez_gateway.regulator.request import Correction, WishRow
from karez_protocols import binding, bundle, site_class
from karez_protocols import chain as hashes

from .regulator_desk import DAY_S, FROM_UTC_S, NOW_S, TO_UTC_S, Well, asked, folder, judge
from .synthetic import PROVISIONER, REGULATOR, key_of, public, sign, tampered


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def well():
    return Well("w1")


@pytest.fixture(scope="module")
def known(office, well):
    """The office signed for this well before, and showed one correction."""
    fixed = (Correction(1_000, "li", "leak", "", 5),)
    wish = well.wish(500_000, ledger_l=well.used_l + 1_000, corrections=fixed)
    plan = draft.make(judge(office), [asked(wish)], "")
    found = state.State()
    found.apply(Head(1, "00"), {"n": 1, **draft.entry(plan, draft.sign(plan, REGULATOR, NOW_S), "li", NOW_S)})
    return found


def refused(judging, *wishes, **changes):
    with pytest.raises(Refused) as caught:
        draft.make(judging, [asked(*wishes, **changes)], "")
    for one in caught.value.faults:
        assert one.text("en").startswith(one.place) and one.text("zh").startswith(one.place)
    return [(one.place, one.name) for one in caught.value.faults]


def repacked(data: bytes, **changes) -> bytes:
    """A bundle with other parts, and a right digest over them."""
    found = bundle.decode(data) | changes
    return bytes(
        bundle.encode(found["binding"], [], found["chain"], found["h_before"], found["slots"], b"", [])
    )


def lower(well):
    """W too low: the last reading says less, and the slot is sealed again."""
    slots = list(bundle.decode(well.proof())["slots"])
    at = max(index for index, slot in enumerate(slots) if slot[1] == 1)
    changed = tampered(slots[at], 69, 0x10)
    h = hashes.genesis(1, well.box.binding)
    for slot in slots[:at]:
        h = hashes.check(h, slot)
    slots[at], _ = hashes.seal(h, changed[:112])
    return well.wish(newest=repacked(well.proof(), slots=slots))


def another_box(well):
    return well.wish(newest=Well("w2").proof())


def same_site_by_another_provisioner(well):
    forged = Well("w1", seed="forged")
    forged.box = type(forged.box)("forged", "w1")
    forged.box.bind(signer=key_of("not the provisioner"))
    forged.box.utc_s = NOW_S - 600
    forged.read(10)
    forged.box.checkpoint()
    return forged.wish(ledger_l=10)


def binding_of_another_root(well):
    other = Well("w1", seed="other")
    other.box = type(other.box)("other", "w1")
    other.box.bind(regulator_key=public(key_of("somebody")))
    other.box.utc_s = NOW_S - 600
    other.read(10)
    other.box.checkpoint()
    return other.wish(ledger_l=10)


def signed_by_a_stranger(well):
    stranger = Well("w1")
    stranger.read(5)
    stranger.box.sign_statement(stranger.box.statement(), key_of("stranger"))
    return stranger.wish(ledger_l=stranger.used_l + 5)


def old_chain_under_a_new_binding(well):
    """A box that stood elsewhere: its records of then, with its binding to this site."""
    moved = Well("w1")
    genesis_box = replace_binding(moved)
    return moved.wish(newest=genesis_box)


def replace_binding(moved):
    slots = bundle.decode(moved.proof(4))
    other = type(moved.box)("w1", "w1")
    other.bound_utc_s = NOW_S
    other.bind()
    return repacked(moved.proof(4), binding=other.binding, h_before=slots["h_before"])


LIES = {
    "W too low": (lower, "evidence-finding"),
    "a checkpoint of another site's box": (another_box, "binding-site"),
    "a box that nobody provisioned": (same_site_by_another_provisioner, "binding-signature"),
    "a box under another root": (binding_of_another_root, "binding-regulator"),
    "a checkpoint that another key signed": (signed_by_a_stranger, "evidence-finding"),
    "records from before the box stood here": (old_chain_under_a_new_binding, "evidence-before-binding"),
    "no evidence": (lambda well: well.wish(newest=b""), "evidence-missing"),
    "bytes that are no bundle": (lambda well: well.wish(newest=b"KZB0" + bytes(99)), "evidence-shape"),
    "a bundle cut off": (lambda well: well.wish(newest=well.proof()[:-40]), "evidence-shape"),
    "records without a signature": (lambda well: well.wish(newest=well.proof(1, 1)), "evidence-finding"),
    "a ledger below the meters": (lambda well: well.wish(ledger_l=well.used_l - 1), "ledger-differs"),
    "a ledger above the meters": (lambda well: well.wish(ledger_l=well.used_l + 1), "ledger-differs"),
    "a correction that the ledger lacks": (
        lambda well: well.wish(corrections=(Correction(-9, "li", "x", "", 1),)),
        "ledger-differs",
    ),
    "more given back than was used": (
        lambda well: well.wish(ledger_l=0, corrections=(Correction(-well.used_l - 1, "li", "x", "", 1),)),
        "ledger-negative",
    ),
    "no proof of the year's start": (lambda well: well.wish(year_start=b""), "year-start-missing"),
    "a year's start that is none": (
        lambda well: well.wish(year_start=well.proof(1, 3)),
        "year-start-elsewhere",
    ),
    "a later reading for the year's start": (
        lambda well: well.wish(year_start=well.proof(8)),
        "year-start-elsewhere",
    ),
    "a site that is in no table": (lambda well: Well("w9").wish(), "site-unknown"),
    "a class without a limit": (lambda well: Well("w1").wish(policy="warn"), "policy"),
    "a right that falls": (
        lambda well: well.wish(
            rows=(
                WishRow("water", FROM_UTC_S, NOW_S + DAY_S, 2),
                WishRow("water", NOW_S + DAY_S, TO_UTC_S, 1),
            )
        ),
        "rows-fall",
    ),
    "a night without a right": (
        lambda well: well.wish(
            rows=(
                WishRow("water", FROM_UTC_S, NOW_S + DAY_S, 1),
                WishRow("water", NOW_S + DAY_S + 1, TO_UTC_S, 2),
            )
        ),
        "rows-gap",
    ),
    "a right that begins tomorrow": (
        lambda well: well.wish(rows=(WishRow("water", NOW_S + DAY_S, TO_UTC_S, 1),)),
        "rows-begin",
    ),
    "a right that never ends": (
        lambda well: well.wish(rows=(WishRow("water", FROM_UTC_S, TO_UTC_S + DAY_S, 1),)),
        "rows-end",
    ),
    "no water": (
        lambda well: well.wish(rows=(WishRow("energy", FROM_UTC_S, TO_UTC_S, 1),)),
        "rows-water",
    ),
    "sixteen rows and no room for the interim rule": (
        lambda well: well.wish(
            rows=tuple(
                WishRow("water", start, end, 1)
                for start, end in zip(
                    [FROM_UTC_S, *range(NOW_S + 1, NOW_S + 16)], [*range(NOW_S + 1, NOW_S + 16), TO_UTC_S]
                )
            )
        ),
        "rows-many",
    ),
    "an endless interim rule": (
        lambda well: well.wish(interim_to_utc_s=TO_UTC_S + 93 * DAY_S),
        "interim-days",
    ),
    "an interim rule of another year's size": (
        lambda well: well.wish(interim_l=50_001),
        "interim-percent",
    ),
    "a stop on New Year's night": (lambda well: well.wish(interim_l=0), "interim-nothing"),
    "an emergency without bounds": (lambda well: well.wish(emergency_l=50_100), "allowance"),
    "a finish that stops nobody": (lambda well: well.wish(finish_l=100), "finish-policy"),
    "a finish without bounds": (lambda well: well.wish(policy="finish", finish_l=20_100), "allowance"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_told_by_its_name_and_place_and_nothing_is_signed(office, well, lie):
    tell, name = LIES[lie]
    wish = tell(well)
    assert refused(judge(office), wish) == [(f"north.request, {wish.site}", name)]


def older_checkpoint(well):
    return well.wish(newest=well.proof(1, well.box.seq - 3), ledger_l=0)


def second_history(well):
    """The same number, another record: the box was copied, or its memory put back."""
    other = Well("w1", used_l=well.used_l + 7)
    return other.wish(ledger_l=other.used_l)


def an_older_box(well):
    old = Well("w1", seed="old")
    old.box = type(old.box)("old", "w1")
    old.box.bound_utc_s -= DAY_S
    old.box.bind()
    old.box.utc_s = NOW_S - 600
    old.read(5_000_000)
    old.box.checkpoint()
    return old.wish(ledger_l=old.box.volume_l - well.start_l)


def a_box_that_begins_at_nothing(well):
    new = Well("w1", seed="new")
    new.box = type(new.box)("new", "w1")
    new.box.bound_utc_s = NOW_S - DAY_S
    new.box.bind()
    new.box.utc_s = NOW_S - 600
    new.read(5)
    new.box.checkpoint()
    return new.wish(ledger_l=5)


def correction_withdrawn(well):
    return well.wish(ledger_l=well.used_l)


REMEMBERED = {
    "an older checkpoint": (older_checkpoint, "evidence-replayed"),
    "a second history": (second_history, "evidence-fork"),
    "the box before": (an_older_box, "box-older"),
    "a box that begins again at nothing": (a_box_that_begins_at_nothing, "volume-below"),
    "a correction taken back": (correction_withdrawn, "correction-gone"),
}


@pytest.mark.parametrize("lie", REMEMBERED)
def test_what_was_seen_before_is_not_unseen(office, well, known, lie):
    tell, name = REMEMBERED[lie]
    assert refused(judge(office, known), tell(well)) == [("north.request, w1", name)]


def test_a_request_that_was_signed_is_not_signed_again(office, well, known):
    fixed = (Correction(1_000, "li", "leak", "", 5),)
    wish = well.wish(500_000, ledger_l=well.used_l + 1_000, corrections=fixed)
    assert refused(judge(office, known), wish) == [("north.request", "request-replayed")]


def test_old_evidence_needs_a_person_and_evidence_of_tomorrow_a_better_clock(office, well):
    late = NOW_S + 61 * DAY_S
    assert refused(judge(office, now_s=late), well.wish()) == [("north.request, w1", "evidence-old")]
    early = NOW_S - 3 * DAY_S
    assert refused(judge(office, now_s=early), well.wish()) == [("north.request, w1", "evidence-future")]


def test_last_year_s_checkpoint_says_nothing_of_this_year_s_start(office, well):
    wish = well.wish(newest=well.proof(1, 3))
    on_new_year = judge(office, now_s=FROM_UTC_S + 3600)
    assert refused(on_new_year, wish) == [("north.request, w1", "evidence-before-year")]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"from_utc_s": FROM_UTC_S + DAY_S}, "year-other"),  # a later start would forget what was used before
        ({"year": 2026}, "year-other"),
        ({"year": 2026, "from_utc_s": FROM_UTC_S - 365 * DAY_S, "to_utc_s": FROM_UTC_S}, "year-not-now"),
    ],
)
def test_the_year_is_the_office_s_own(office, well, changes, name):
    assert refused(judge(office), well.wish(), **changes) == [("north.request", name)]


def test_one_fault_does_not_hide_the_next(office, well):
    wishes = well.wish(ledger_l=1), Well("w2").wish(newest=b""), Well("w3").wish()
    assert refused(judge(office), *wishes) == [
        ("north.request, w1", "ledger-differs"),
        ("north.request, w2", "evidence-missing"),
    ]


def test_drinking_water_in_one_table_and_a_farm_well_in_the_other_is_asked_about(office):
    assert refused(judge(office), Well("d1").wish(policy="warn")) == [("north.request, d1", "use-other")]
    cattle = Well("d1", used_l=1_000, use=site_class.LIVESTOCK)
    draft.make(judge(office), [asked(cattle.wish(10_000, policy="warn"))], "")


def test_a_new_box_of_the_provisioner_goes_on_at_its_w_and_is_shown(office, well, known):
    new = Well("w1", seed="new")
    new.box = type(new.box)("new", "w1")
    new.box.bound_utc_s = NOW_S - DAY_S
    new.box.bind()
    new.box.utc_s = NOW_S - 600
    new.read(well.box.volume_l - 1_000_000 + 4)
    new.box.checkpoint()
    fixed = (Correction(1_000, "li", "leak", "", 5),)
    wish = new.wish(600_000, ledger_l=well.used_l + 4 + 1_000, corrections=fixed, year_start=b"")
    plan = draft.make(judge(office, known), [asked(wish)], "")
    assert plan.planned[0].notes == ("note-box",)
    assert plan.planned[0].rows[0]["ceiling"] == well.start_l + 600_000 - 1_000


def swapped(well, base_l, energy_wh=0):
    """A new box of the site, bound this year to go on at a W; it has read once."""
    new = Well(well.site, seed="new")
    new.box = type(new.box)("new", well.site)
    values, segments, _, _ = binding.open_signed(new.box.binding)
    values = dict(values) | {"class": well.use, "issued_utc_s": NOW_S - DAY_S}
    segments = [dict(one) | {"base": base_l} for one in segments]
    new.box.binding = sign(PROVISIONER, binding.LABEL, binding.encode(values, segments))
    new.box.h = hashes.genesis(new.box.chain, new.box.binding)
    new.box.volume_l, new.energy_wh = base_l, energy_wh
    new.box.utc_s = NOW_S - 600
    new.read(4_000)
    new.box.checkpoint()
    return new


def test_a_retired_box_that_counted_on_does_not_say_where_the_year_began(office, well):
    """Kept running in a drawer over the new year, its W would forgive what the well has taken since."""
    drawer = Well("w1", used_l=0)
    honest = swapped(well, drawer.start_l + 100_000)
    wish = honest.wish(ledger_l=104_000, year_start=drawer.proof())
    assert draft.make(judge(office), [asked(wish)], "").planned[0].notes[0] == "note-base"
    lying = swapped(well, drawer.start_l - 3_000)
    wish = lying.wish(ledger_l=1_000, year_start=drawer.proof())
    assert refused(judge(office), wish) == [("north.request, w1", "year-start-above")]


def test_a_box_that_counts_energy_from_nothing_gets_no_ceiling_on_another_s(office, well):
    rows = (*well.wish().rows, WishRow("energy", FROM_UTC_S, TO_UTC_S, 90_000))
    base_l = well.box.volume_l
    for energy_wh, faults in ((well.energy_wh, []), (0, [("north.request, w1", "energy-below")])):
        new = swapped(well, base_l, energy_wh)
        ledger_l = base_l + 4_000 - well.start_l
        wish = new.wish(rows=rows, interim_wh=4_500, ledger_l=ledger_l, year_start=well.proof())
        if faults:
            assert refused(judge(office), wish) == faults
        else:
            found = draft.make(judge(office), [asked(wish)], "").planned[0].rows
            assert found[2]["ceiling"] == well.start_wh + 90_000


def test_every_bit_of_the_evidence_matters(office, well):
    """A flipped bit anywhere makes it worthless, or changes nothing that is believed."""
    honest = well.wish()
    expected = draft.make(judge(office), [asked(honest)], "").planned[0].rows
    data = well.proof()
    for at in range(4, len(data) - 32, 7):
        changed = repackable(data, at)
        try:
            plan = draft.make(judge(office), [asked(replace(honest, newest=changed))], "")
        except Refused:
            continue
        assert plan.planned[0].rows == expected, at


def repackable(data: bytes, at: int) -> bytes:
    """A flipped bit under a right digest of the file: that digest proves nothing of who wrote it."""
    import hashlib

    body = tampered(data, at)[:-32]
    return body + hashlib.sha256(body).digest()
