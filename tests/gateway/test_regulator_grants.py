"""What the office signs: ceilings from signed readings, sums within its own limits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_firmware.core.rights import Rights
from karez_gateway.regulator import draft, state, sums
from karez_gateway.regulator.errors import Refused
from karez_gateway.regulator.journal import Head
from karez_gateway.regulator.request import Correction, WishRow
from karez_gateway.verifier.statements import verifies
from karez_protocols import causes, grant, signed, site_class

from .regulator_desk import FROM_UTC_S, NOW_S, SITES, TO_UTC_S, Well, asked, folder, judge, opened
from .synthetic import REGULATOR, public


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def wells():
    return {name: Well(name) for name in ("w1", "w2", "w3")} | {
        "d1": Well("d1", used_l=20_000, use=site_class.DOMESTIC)
    }


def signed_grants(judging, *wishes, **changes):
    plan = draft.make(judging, [asked(*wishes, **changes)], "")
    return plan, draft.sign(plan, REGULATOR, NOW_S)


def test_a_ceiling_is_w_at_the_checkpoint_plus_right_less_ledger_and_the_real_core_obeys_it(office, wells):
    well = wells["w1"]
    plan, (data,) = signed_grants(judge(office), well.wish(500_000))
    values, rows = opened(data)
    _, message, signature = signed.split(grant.LABEL, data)
    assert verifies(public(REGULATOR), signature, message)
    assert values["issuer"] == signed.key_id(public(REGULATOR))
    seq, h = well.head()
    assert (values["head_chain"], values["head_seq"], values["head_h"]) == (1, seq, h)
    assert (values["head_volume_l"], values["head_ledger_l"]) == (well.box.volume_l, well.used_l)
    assert rows[0]["ceiling"] == well.box.volume_l + 500_000 - well.used_l
    rights = Rights("w1")
    assert rights.judge(values, holds_head=True) == causes.NONE
    rights.install(values, rows)
    at_end = well.start_l + 500_000
    assert rights.exceeded(at_end - 1, 0, NOW_S, False) == causes.NONE
    assert rights.exceeded(at_end, 0, NOW_S, False) == causes.WATER_CEILING
    assert plan.planned[0].former_l is None


def test_the_last_row_is_the_interim_rule_with_its_end(office, wells):
    well = wells["w1"]
    _, (data,) = signed_grants(judge(office), well.wish(500_000))
    values, rows = opened(data)
    assert [(row["from_utc_s"], row["to_utc_s"]) for row in rows] == [
        (FROM_UTC_S, TO_UTC_S),
        (TO_UTC_S, TO_UTC_S + 60 * 86_400),
    ]
    rights = Rights("w1")
    rights.install(values, rows)
    new_year = TO_UTC_S + 60
    assert rights.exceeded(well.start_l + 500_000, 0, new_year, False) == causes.NONE
    assert rights.exceeded(well.start_l + 525_000, 0, new_year, False) == causes.WATER_CEILING
    assert rights.exceeded(0, 0, TO_UTC_S + 61 * 86_400, False) == causes.GRANT_EXPIRED


def test_months_are_cumulative_and_energy_has_rows_of_its_own(office, wells):
    well = wells["w1"]
    may, june = FROM_UTC_S + 120 * 86_400, FROM_UTC_S + 151 * 86_400
    rows = (
        WishRow("water", FROM_UTC_S, may, 100_000),
        WishRow("water", may, june, 250_000),
        WishRow("water", june, TO_UTC_S, 400_000),
        WishRow("energy", FROM_UTC_S, TO_UTC_S, 90_000),
    )
    _, (data,) = signed_grants(judge(office), well.wish(400_000, rows=rows, interim_wh=9_000))
    _, found = opened(data)
    water = [row["ceiling"] - well.start_l for row in found if row["quantity"] == grant.WATER]
    energy = [row["ceiling"] - well.start_wh for row in found if row["quantity"] == grant.ENERGY]
    assert water == [100_000, 250_000, 400_000, 420_000] and energy == [90_000, 99_000]


def test_drinking_water_is_warned_and_never_stopped(office, wells):
    _, (data,) = signed_grants(judge(office), wells["d1"].wish(200_000))
    values, rows = opened(data)
    rights = Rights("d1")
    rights.install(values, rows)
    assert values["policy"] == grant.WARN
    assert rights.exceeded(1 << 39, 0, NOW_S, False) == causes.NONE


def test_corrections_shift_the_ceiling_and_are_shown_by_village(office, wells):
    well = wells["w1"]
    fixed = (Correction(50_000, "li", "meter read low", "W-2027-9", 17),)
    wish = well.wish(500_000, ledger_l=well.used_l + 50_000, corrections=fixed)
    plan, (data,) = signed_grants(judge(office), wish)
    values, rows = opened(data)
    assert rows[0]["ceiling"] == well.start_l + 450_000
    assert values["head_ledger_l"] == well.used_l + 50_000
    assert plan.villages["650401"].added_l == 50_000


def test_what_a_correction_gives_back_needs_room_in_the_limits(office, wells):
    def wished(right_l, back_l):
        back = (Correction(-back_l, "li", "meter read high", "", 18),)
        well = wells["w3"]
        return well.wish(right_l, ledger_l=well.used_l - back_l, corrections=back)

    signed_grants(judge(office), wished(800_000, 100_500))
    with pytest.raises(Refused) as refused:
        signed_grants(judge(office), wished(800_000, 100_501))
    (one,) = refused.value.faults
    assert one.name == "sum-lifted" and one.place == "650402 艾丁湖镇" and "100.501" in one.text("en")


def test_a_sum_above_a_limit_is_refused_with_the_region_and_nothing_is_signed(office, wells):
    signed_grants(judge(office), wells["w1"].wish(900_000), wells["w2"].wish(600_000))
    with pytest.raises(Refused) as refused:
        signed_grants(judge(office), wells["w1"].wish(900_000), wells["w2"].wish(600_001))
    (one,) = refused.value.faults
    assert one.place == "650401 亚尔镇" and one.name == "sum-above"
    assert "1,500.001 m³ would be given, the limit is 1,500 m³: 0.001 m³ too much" in one.text("en")


def after(plan, grants, known=None, n=1):
    """The memory after a signing."""
    known = known or state.State()
    known.apply(Head(n, "00"), {"n": n, **draft.entry(plan, grants, "li", NOW_S)})
    return known


def test_many_small_requests_do_not_do_together_what_one_may_not(office, wells):
    known = after(*signed_grants(judge(office), wells["w1"].wish(900_000)))
    with pytest.raises(Refused, match="1 fault: "):
        signed_grants(judge(office, known), wells["w2"].wish(600_001))
    plan, _ = signed_grants(judge(office, known), wells["w2"].wish(600_000))
    assert {one.limit.words: one.left_l for one in plan.sums}["2027 all/ground"] == 0


def test_a_site_that_holds_a_right_may_not_leave_the_tables_this_year(office, wells, tmp_path):
    known = after(*signed_grants(judge(office), wells["w1"].wish(900_000)))
    fewer = folder(tmp_path / "fewer", sites=SITES.replace("w1,650401,farming,ground\n", ""))
    with pytest.raises(Refused, match=r"w1: was given 900 m³ for 2027"):
        signed_grants(judge(fewer, known), wells["w2"].wish(900_000))


def test_a_later_grant_has_the_next_number_and_remembers_the_year_s_start(office, wells):
    well = wells["w1"]
    known = after(*signed_grants(judge(office), well.wish(500_000)))
    plan, (data,) = signed_grants(judge(office, known), well.wish(700_000, year_start=b""))
    values, rows = opened(data)
    assert values["seq"] == 2 and rows[0]["ceiling"] == well.start_l + 700_000
    assert plan.planned[0].former_l == 500_000 and plan.rises()[0].site == "w1"
    assert plan.planned[0].notes == ("note-behind",)  # it signed before the first grant could reach it


def test_a_number_is_above_the_one_that_the_controller_shows_in_its_records(office):
    well = Well("w1")
    well.box.grant_seq = 41
    well.read(0)
    well.box.checkpoint()
    _, (data,) = signed_grants(judge(office), well.wish(500_000))
    assert opened(data)[0]["seq"] == 42


def test_a_box_bound_this_year_counts_from_its_binding_and_a_swapped_one_from_what_is_remembered(office):
    well = Well("w1")
    new = Well("w1", seed="fresh")
    new.box = type(new.box)("fresh", "w1")
    new.box.bound_utc_s = FROM_UTC_S + 86_400
    new.box.bind()
    new.box.utc_s = FROM_UTC_S + 2 * 86_400
    new.energy_wh = 0
    new.read(70_000)
    new.box.utc_s = NOW_S - 600
    new.read(0)
    new.box.checkpoint()
    fresh = new.wish(500_000, ledger_l=70_000, year_start=b"")
    _, (data,) = signed_grants(judge(office), fresh)
    assert opened(data)[1][0]["ceiling"] == 1_000_000 + 500_000
    known = after(*signed_grants(judge(office), well.wish(500_000)))
    with pytest.raises(Refused) as refused:
        signed_grants(judge(office, known), fresh)
    assert refused.value.faults[0].name == "volume-below"


def test_a_site_without_evidence_gets_the_interim_rule_only_when_it_is_named(office, wells):
    well = wells["w2"]
    bare = well.wish(400_000, newest=b"", year_start=b"", binding=well.box.binding, ledger_l=0)
    with pytest.raises(Refused) as refused:
        signed_grants(judge(office), bare)
    assert refused.value.faults[0].name == "evidence-missing"
    plan, (data,) = signed_grants(judge(office, w2="no network until May"), bare)
    values, rows = opened(data)
    assert len(rows) == 1 and rows[0]["ceiling"] == 1_000_000 + 20_000
    assert rows[0]["to_utc_s"] == NOW_S + 92 * 86_400 and values["head_seq"] == 0
    assert plan.planned[0].counted_l == 400_000  # it keeps its place in the sums
    known = after(*signed_grants(judge(office), well.wish(500_000)))
    _, (data,) = signed_grants(judge(office, known, w2="its modem is broken"), bare)
    values, rows = opened(data)
    assert rows[0]["ceiling"] == well.box.volume_l + 20_000
    assert (values["seq"], values["head_seq"]) == (2, well.head()[0])


def test_the_digest_names_what_is_shown_and_not_the_moment(office, wells):
    wishes = wells["w1"].wish(500_000), wells["w3"].wish(100_000)
    first = draft.make(judge(office), [asked(*wishes)], "").digest
    assert draft.make(judge(office, now_s=NOW_S + 60), [asked(*wishes)], "").digest == first
    for other in (wells["w1"].wish(500_001), wells["w1"].wish(500_000, emergency_l=100)):
        assert draft.make(judge(office), [asked(other, wishes[1])], "").digest != first
    assert draft.make(judge(office), [asked(*wishes)], "W-2027-4").digest != first


@settings(max_examples=60, deadline=None)
@given(
    rights=st.tuples(*[st.integers(1_000, 1_200_000)] * 3),
    shifts=st.tuples(*[st.integers(-200_000, 200_000)] * 3),
    steps=st.integers(0, 10),
)
def test_ceilings_follow_the_formula_and_sums_never_pass_their_limits(office, wells, rights, shifts, steps):
    """Whatever is wished: nothing is signed, or each ceiling is W_a + right − ledger(a), within limits."""
    wishes = []
    for name, right_l, shift_l in zip(("w1", "w2", "w3"), rights, shifts):
        well = wells[name]
        edges = [FROM_UTC_S, *(NOW_S + at * 86_400 for at in range(1, steps)), TO_UTC_S]
        rows = tuple(
            WishRow("water", start, end, right_l * (at + 1) // (len(edges) - 1))
            for at, (start, end) in enumerate(zip(edges, edges[1:]))
        )
        fixed = (Correction(shift_l, "li", "test", "", 1),) if shift_l else ()
        wishes.append(well.wish(right_l, rows=rows, ledger_l=well.used_l + shift_l, corrections=fixed))
    judging = judge(office)
    lifted = [max(right_l, right_l - shift_l) for right_l, shift_l in zip(rights, shifts)]
    fits = lifted[0] + lifted[1] <= 1_500_000 and lifted[2] <= 900_500 and sum(lifted) <= 2_000_000
    if not fits:
        with pytest.raises(Refused) as refused:
            signed_grants(judging, *wishes)
        assert {one.name for one in refused.value.faults} <= {"sum-above", "sum-lifted"}
        return
    plan, grants = signed_grants(judging, *wishes)
    for one in sums.against(judging.limits, {p.site: sums.Counted(p.counted_l) for p in plan.planned}, 2027):
        assert one.given_l <= one.limit.volume_l
    for wish, data in zip(wishes, grants):
        values, rows = opened(data)
        base = values["head_volume_l"] - values["head_ledger_l"]
        assert [row["ceiling"] - base for row in rows[:-1]] == [row.right for row in wish.rows]
        assert rows[-1]["ceiling"] == base + wish.rows[-1].right + wish.interim_l
        assert len(data) <= grant.SIZE_MAX
