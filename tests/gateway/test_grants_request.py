"""Rights on their way: prepared from plans and ledger, signed by the office, carried, accepted, in force."""

import json

import pytest

from karez_firmware.core.rights import Rights
from karez_gateway.calendars import Calendar
from karez_gateway.county import acts as county_acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.ledger import correcting
from karez_gateway.county.ledger.corrections import Correction
from karez_gateway.county.quota.grants import Terms
from karez_gateway.county.registry import changing
from karez_gateway.county.years.wateryear import Span, WaterYears
from karez_gateway.errors import Refused
from karez_gateway.grants import delivery as grant_delivery
from karez_gateway.grants import pending
from karez_gateway.grants import request as grant_request
from karez_gateway.grants.request import Asked
from karez_gateway.proofs import checkpoints
from karez_gateway.regulator import draft, request, signed_grants, state
from karez_gateway.regulator.checkpoint import prove
from karez_gateway.regulator.journal import Head
from karez_gateway.regulator.request import Wish, WishRow
from karez_gateway.store import acts, controllers, downlinks, entries
from karez_protocols import causes, entry, site_class

from .county import create, opened
from .regulator_desk import DAY_S, FROM_UTC_S, NOW_S, TO_UTC_S, TRUST, YEAR, Well, folder, judge
from .regulator_desk import opened as opened_grant
from .synthetic import REGULATOR, key_of, make_grant

YEARS = WaterYears(Calendar(8))
DEED = Deed("li", "plans of 2027", NOW_S, document="W-2027-3")
ASKED = Asked("test", YEAR, Terms(emergency_l=50_000))


@pytest.fixture
def county(tmp_path, database_kind):
    with opened(create(tmp_path / "gateway")) as found:
        yield found


@pytest.fixture
def office(tmp_path):
    return folder(tmp_path / "office")


def fine(_before, _after):
    pass


def plan(county, rights, use="farming"):
    objects = [("region", "650401", {"code": "650401", "name_zh": "亚尔镇", "tree": "admin"})]
    for site, volume_l in rights.items():
        values = {"site": site, "sort": "well", "region": "650401", "class": use, "source": "ground"}
        objects.append(("site", site, values | {"point": "wellhead", "status": "licensed"}))
        period = {"site": site, "year": YEAR, "period": "year", "volume_l": volume_l}
        objects.append(("plan", f"{site}/{YEAR}/year", period))
    with county.store.writing() as connection:
        changing.change(connection, objects, DEED, check=fine)


def bring(county, *wells):
    for well in wells:
        county.enrol(well.box)
        county.take(well.box, *well.box.payloads())
    county.work()


def made(county, asked=ASKED, deed=DEED):
    with county.store.reading() as connection:
        return grant_request.make(connection, YEARS, asked, deed)


def sign(office, data, known=None, **excused):
    plan = draft.make(judge(office, known, **excused), [request.decode(data, "north.request")], "")
    return plan, draft.sign(plan, REGULATOR, NOW_S + 60)


def states(county, presence=None, now_s=NOW_S + 120, days=7):
    with county.store.reading() as connection:
        found = grant_delivery.states(connection, YEAR, presence or {}, now_s, days, TO_UTC_S)
        return {one.site: one for one in found}


def deliver(county, *grants, now_s=NOW_S + 90):
    return grant_delivery.deliver(county.store, [("f", one) for one in grants], now_s)


def test_a_right_goes_from_the_plan_to_the_well_and_back(county, office):
    wells = {name: Well(name) for name in ("w1", "w3")}
    bring(county, *wells.values())
    plan(county, {"w1": 600_000, "w3": 400_000})
    found = made(county)
    assert not found.without_evidence and not found.left_out
    with county.store.writing() as connection:
        grant_request.keep(connection, found, "ab" * 32, ASKED, DEED)
    assert {site: one.state for site, one in states(county).items()} == {"w1": "prepared", "w3": "prepared"}
    planned, grants = sign(office, found.data)
    for one in planned.planned:
        well = wells[one.site]
        assert (one.volume_l, one.ledger_l) == (well.box.volume_l, well.used_l)
        assert one.rows[0]["ceiling"] == well.start_l + one.right_l
    data = signed_grants.encode(
        YEAR, "W-2027-3", [(p.site, p.seq, g) for p, g in zip(planned.planned, grants)]
    )
    assert deliver(county, *grant_delivery.read(data, "north.grants")).queued == ["w1", "w3"]
    county.downlinks.log_queued(NOW_S + 100)
    assert states(county)["w1"].state == "logged"
    county.downlinks.sent(county.downlinks.due(NOW_S + 101), NOW_S + 101)
    assert states(county)["w1"].state == "sent"
    box = wells["w1"].box
    box.accept_grant(grants[0])
    seq = box.seq
    box.checkpoint()
    county.take(box, *box.payloads(seq))
    refused = wells["w3"].box
    refused.refuse(causes.GRANT_REFUSED_SEQ, grants[1], 1)
    county.take(refused, *refused.payloads(refused.seq))
    refused.checkpoint()
    county.take(refused, *refused.payloads(refused.seq - 1))
    county.work()
    found = states(county)
    assert (found["w1"].state, found["w1"].is_in_force, found["w1"].overdue) == ("accepted", True, "")
    assert (found["w3"].state, found["w3"].is_in_force, found["w3"].overdue) == ("refused", False, "refused")
    assert found["w3"].cause and found["w1"].document == "W-2027-3"
    rights = Rights("w1")
    rights.install(*opened_grant(grants[0]))
    assert rights.exceeded(box.volume_l, 0, NOW_S, False) == causes.NONE


def test_a_cut_is_pending_until_a_signed_record_shows_it_and_county_and_office_say_so_alike(county, office):
    """First the right of before is held, then a cut waits that was signed, then the controller has it."""
    well, known = Well("w1"), state.State()
    bring(county, well)

    def grant(right_l, n):
        plan(county, {"w1": right_l})
        asked = made(county, deed=DEED._replace(document=f"W-{n}"))
        planned, (data,) = sign(office, asked.data, known)
        line = {"n": n, **draft.entry(planned, [data], "li", NOW_S)}
        known.apply(Head(n, "00"), json.loads(json.dumps(line)))
        deliver(county, data, now_s=NOW_S + 90 + n)
        said = {one.region: one.pending_l for one in planned.villages.values() if one.pending_l}
        assert {one.region: one.litres for one in asked.pending} == said
        return data, asked.pending

    def shows(data):
        seq = well.box.seq
        well.box.accept_grant(data)
        well.box.utc_s += 60
        well.read(0)
        well.box.checkpoint()
        county.take(well.box, *well.box.payloads(seq))
        county.work()

    first, none = grant(600_000, 1)
    assert none == []
    shows(first)
    cut, waits = grant(400_000, 2)
    assert waits == [("650401", "亚尔镇", 1, 200_000)]
    assert grant(400_000, 3)[1] == waits  # signed, and not held
    shows(cut)
    assert grant(400_000, 4)[1] == []


def test_a_site_without_evidence_may_hold_every_grant_of_the_year(county):
    mine = {"1": [YEAR, 9, 9], "2": [YEAR - 1, 99, 99]}
    assert pending.litres(mine, YEAR, wish_of(5), None) == 4
    assert pending.litres({}, YEAR, wish_of(5), None) == 0


def wish_of(litres):
    return Wish("w1", "stop", (WishRow("water", FROM_UTC_S, TO_UTC_S, litres),))


def test_that_rights_were_prepared_is_an_act_and_the_log_holds_the_file_s_digest(county, office):
    bring(county, Well("w1"))
    plan(county, {"w1": 600_000})
    found = made(county)
    with county.store.writing() as connection:
        number = grant_request.keep(connection, found, "ab" * 32, ASKED, DEED)
    county.acts.log_queued(NOW_S)
    with county.store.reading() as connection:
        one = acts.get(connection, number)
        said = entry.decode(entries.body(connection, one.log_index))
    detail = json.loads(one.detail)
    assert (said["sort"], said["by"]) == ("rights", "li") and said["digest"] == one.digest
    assert detail["request_sha256"] == "ab" * 32 and detail["sites"] == {"w1": [600_000, None]}


def test_the_ledger_at_the_checkpoint_leaves_out_what_came_behind_it(county, office):
    well = Well("w1")
    well.read(7_000)  # booked, and not signed yet
    bring(county, well)
    plan(county, {"w1": 600_000})
    (one,) = request.decode(made(county).data, "r").wishes
    assert one.ledger_l == well.used_l
    planned, _ = sign(office, made(county).data)
    assert planned.planned[0].volume_l == well.box.volume_l - 7_000


def test_corrections_go_along_with_author_and_reason(county, office):
    well = Well("w1")
    bring(county, well)
    plan(county, {"w1": 600_000})
    month = Span(FROM_UTC_S, YEARS.calendar.after("month", FROM_UTC_S))
    fixed = Correction("w1", "error", 1, *month, -20_000)
    with county.store.writing() as connection:
        deed = DEED._replace(because="read high")
        correcting.correct(connection, [fixed], deed, YEARS.calendar, may_fall=True)
    (one,) = request.decode(made(county).data, "r").wishes
    assert (one.corrections, one.ledger_l) == ((), well.used_l)  # the log does not hold it yet
    assert county.acts.log_queued(NOW_S)
    (one,) = request.decode(made(county).data, "r").wishes
    told = [(each.litres, each.by, each.because) for each in one.corrections]
    assert told == [(-20_000, "li", "read high")]
    planned, (data,) = sign(office, made(county).data)
    assert planned.planned[0].ledger_l == well.used_l - 20_000
    assert opened_grant(data)[1][0]["ceiling"] == well.start_l + 620_000


def test_a_long_chain_is_proved_by_few_records(county, office):
    well = Well("w1")
    for hour in range(60):
        for _ in range(12):
            well.read(50, 60)
        if hour % 2:
            well.box.checkpoint()
    bring(county, well)
    plan(county, {"w1": 600_000})
    (one,) = request.decode(made(county).data, "r").wishes
    assert len(prove(one.newest, TRUST, "w1").readings) <= 24 and len(one.newest) < 4_500
    planned, _ = sign(office, made(county).data)
    assert planned.planned[0].volume_l == well.box.volume_l


def test_a_box_that_lost_its_memory_is_proved_by_its_new_chain_and_the_year_by_its_old_one(county, office):
    well = Well("w1")
    bring(county, well)
    after = type(well.box)(well.box.seed, "w1", chain=2, first_seq=well.box.seq + 1)
    after.volume_l, after.utc_s = well.box.volume_l, well.box.utc_s
    after.interval(3_000, energy_wh=1)
    after.checkpoint()
    county.take(after, *after.payloads())
    county.work()
    plan(county, {"w1": 600_000})
    _, (data,) = sign(office, made(county).data)
    values, rows = opened_grant(data)
    assert (values["head_chain"], values["head_volume_l"]) == (2, after.volume_l)
    assert values["head_ledger_l"] == well.used_l + 3_000
    assert rows[0]["ceiling"] == well.start_l + 600_000


def test_a_later_request_of_a_year_leaves_out_what_the_office_remembers(county, office):
    well = Well("w1")
    bring(county, well)
    plan(county, {"w1": 600_000})
    planned, grants = sign(office, made(county).data)
    known = state.State()
    known.apply(Head(1, "00"), {"n": 1, **draft.entry(planned, grants, "li", NOW_S)})
    later = made(county, ASKED._replace(proves_start=False)).data
    assert len(later) < len(made(county).data) * 2 // 3
    _, (data,) = sign(office, later, known)
    assert opened_grant(data)[1][0]["ceiling"] == well.start_l + 600_000


def test_a_well_that_has_signed_nothing_is_asked_for_with_its_binding(county, office):
    silent = type(Well("w1").box)("silent", "w1")
    county.enrol(silent)
    plan(county, {"w1": 600_000, "w2": 1})
    found = made(county)
    assert found.without_evidence == ["w1"]
    assert found.left_out == ["site w2 has a plan and no controller: enrol its binding first"]
    _, (data,) = sign(office, found.data, w1="its first day")
    assert opened_grant(data)[1][0]["ceiling"] == 1_000_000 + 60_000


def test_drinking_water_asks_for_a_warning(county, office):
    well = Well("d1", used_l=10_000, use=site_class.DOMESTIC)
    bring(county, well)
    plan(county, {"d1": 200_000}, use="domestic")
    _, (data,) = sign(office, made(county).data)
    assert opened_grant(data)[0]["policy"] == 2


def test_what_cannot_be_asked_is_said_and_writes_nothing(county):
    with pytest.raises(Refused, match="no plan of 2027"):
        made(county)
    plan(county, {"w1": 1})
    with pytest.raises(Refused, match="enrol its binding first"):
        made(county)
    with pytest.raises(Refused, match="w8, w9"):
        made(county, ASKED._replace(sites=("w8", "w9")))
    with pytest.raises(Refused, match="not the present water year"):
        made(county, ASKED._replace(year=2028))
    for document in ("", "x" * 25):
        with pytest.raises(Refused, match="--document"):
            made(county, deed=DEED._replace(document=document))


def queued(county):
    with county.store.reading() as connection:
        return [(one.site, one.object_seq) for one in downlinks.everything(connection)]


def test_grants_are_taken_in_all_or_none_and_twice_is_once(county):
    bring(county, Well("w1"), Well("w2"), Well("w3"))
    good = [make_grant(site, 1, 5_000_000) for site in ("w1", "w2", "w3")]
    forged = make_grant("w3", 1, 9_000_000, key=key_of("somebody"))
    with pytest.raises(Refused, match=r"1 of 3 grants are at fault, none was queued:\nf: .*did not sign"):
        deliver(county, *good[:2], forged)
    assert queued(county) == []
    for bad, said in (
        (make_grant("w9", 1, 1), "no controller is enrolled at site w9"),
        (b"\x01 no grant", "this is no grant"),
        (good[0][:-1], "this is no grant"),
    ):
        with pytest.raises(Refused, match=said):
            deliver(county, *good, bad)
    assert queued(county) == []
    assert deliver(county, *good, good[0]).known == 1
    again = deliver(county, *good)
    assert (again.queued, again.known) == ([], 3)
    assert queued(county) == [("w1", 1), ("w2", 1), ("w3", 1)]
    with pytest.raises(Refused, match="grant 1 of w1 is not newer than grant 1"):
        deliver(county, make_grant("w1", 1, 6_000_000))
    assert deliver(county, make_grant("w1", 2, 1), make_grant("w1", 3, 1)).queued == ["w1", "w1"]


def test_a_file_that_is_none_of_ours_is_refused_by_name():
    for data in (b'{"karez": "else"}\n', b"{\n", b'{"karez": "signed grants", "version": 1}\n[]\n'):
        with pytest.raises(Refused, match=r"bad\.grants"):
            grant_delivery.read(data, "bad.grants")


def test_what_waits_too_long_is_overdue_for_what_it_waits_for(county):
    wells = Well("w1"), Well("w2")
    bring(county, *wells)
    plan(county, {"w1": 600_000, "w2": 1_000})
    with county.store.writing() as connection:
        grant_request.keep(connection, made(county), "ab" * 32, ASKED, DEED)
    late = NOW_S + 8 * DAY_S
    assert {one.overdue for one in states(county, now_s=late).values()} == {"signature"}
    assert {one.overdue for one in states(county).values()} == {""}
    grants = []
    for site in ("w1", "w2"):
        data = make_grant(site, 1, 5_000_000, from_utc_s=FROM_UTC_S, to_utc_s=TO_UTC_S)
        grants.append(data)
    deliver(county, *grants)
    found = states(county, now_s=late)
    assert found["w1"].state == "prepared"  # signed before it was asked for: an answer to something else
    assert found["w1"].overdue == "signature"


def test_the_controller_s_own_state_says_what_is_in_force(county, office):
    well = Well("w1")
    bring(county, well)
    plan(county, {"w1": 600_000})
    _, (data,) = sign(office, made(county).data)
    deliver(county, data)
    late = NOW_S + 30 * DAY_S

    def told(seq):
        return states(county, {well.box.name: {"grant_seq": seq}}, late)["w1"]

    assert (told(0).is_in_force, told(0).overdue, told(0).held_seq) == (False, "answer", 0)
    assert (told(1).is_in_force, told(1).overdue) == (True, "")
    assert states(county, now_s=late)["w1"].held_seq is None


def test_many_grants_are_taken_in_one_transaction(county):
    boxes = [type(Well("w1").box)(f"box {n}", f"s{n}") for n in range(40)]
    county.enrol(*boxes)
    grants = [make_grant(box.site, seq, seq) for box in boxes for seq in range(1, 6)]
    assert len(deliver(county, *grants).queued) == 200
    with county.store.reading() as connection:
        found = controllers.find(connection, boxes[7].name)
        assert [one.object_seq for one in downlinks.grants_of(connection, found.id)] == [1, 2, 3, 4, 5]


def test_evidence_needs_a_signature_and_the_year_a_record_on_either_side(county):
    bare = type(Well("w1").box)("bare", "w1")
    bare.utc_s = FROM_UTC_S - 600
    bare.interval(5)
    county.enrol(bare)
    county.take(bare, *bare.payloads())
    county.work()
    with county.store.reading() as connection:
        box = controllers.find(connection, bare.name)
        assert checkpoints.newest(connection, box) is None
        assert checkpoints.year_start(connection, "w1", FROM_UTC_S) is None
    bare.utc_s = FROM_UTC_S + 600
    seq = bare.seq + 1
    bare.interval(5)
    bare.checkpoint()
    county.take(bare, *bare.payloads(seq))
    county.work()
    with county.store.reading() as connection:
        found = checkpoints.year_start(connection, "w1", FROM_UTC_S)
        assert found.volume_l == 1_000_005 and found.seq == 1
        assert checkpoints.newest(connection, box).volume_l == 1_000_010


def test_a_well_whose_newest_checkpoint_is_of_last_year_holds_up_nobody(county, office):
    fresh, stale = Well("w1"), type(Well("w2").box)("stale", "w2")
    stale.bound_utc_s = FROM_UTC_S - 30 * DAY_S
    stale.bind()
    stale.utc_s = FROM_UTC_S - 7200
    stale.interval(9_000, after_s=300)
    stale.checkpoint()
    stale.interval(50_000, after_s=3600)  # still last year's, and not signed
    stale.interval(1_000, after_s=7200)  # of this year, and not signed either
    bring(county, fresh)
    county.enrol(stale)
    county.take(stale, *stale.payloads())
    county.work()
    plan(county, {"w1": 600_000, "w2": 400_000})
    found = made(county)
    assert found.without_evidence == ["w2"]
    planned, _ = sign(office, found.data, w2="its box has not signed since the new year")
    assert [(one.site, one.right_l) for one in planned.planned] == [("w1", 600_000), ("w2", 40_000)]


def test_a_site_named_twice_is_asked_for_once(county):
    bring(county, Well("w1"))
    plan(county, {"w1": 600_000})
    found = made(county, ASKED._replace(sites=("w1", "w1")))
    assert [one.site for one in request.decode(found.data, "r").wishes] == ["w1"]


def test_what_was_asked_is_known_however_many_requests_came_since(county):
    bring(county, Well("w1"))
    with county.store.writing() as connection:
        rights = {"year": YEAR, "sites": {"w1": [600_000, 0]}}
        county_acts.write(connection, grant_request.SORT, DEED, rights)
        for _ in range(1000):
            county_acts.write(connection, grant_request.SORT, DEED, {"year": YEAR + 1, "sites": {}})
    assert states(county)["w1"].right_l == 600_000


@pytest.mark.parametrize("litres", [1, 9])
def test_the_smallest_plan_is_signed_with_a_litre_after_the_year(county, office, litres):
    bring(county, Well("w1"))
    plan(county, {"w1": litres})
    planned, grants = sign(office, made(county).data)
    assert len(grants) == 1 and [(one.right_l, one.interim()[1]) for one in planned.planned] == [(litres, 1)]


def test_a_year_that_its_months_do_not_fill_is_said(county):
    bring(county, Well("w1"))
    plan(county, {"w1": 100_000})
    values = {"site": "w1", "year": YEAR, "period": "07", "volume_l": 60_000}
    with county.store.writing() as connection:
        changing.change(connection, [("plan", f"w1/{YEAR}/07", values)], DEED, check=fine)
    found = made(county)
    assert found.rights["w1"] == (60_000, None)
    (said,) = found.partly
    assert said.startswith("site w1: its periods open 60 of the 100 m³ of its year; spread the rest")


def test_an_act_of_before_said_0_for_no_energy_limit_and_one_of_now_says_it_for_nothing(county):
    detail = {"year": YEAR, "sites": {"w1": [600_000, 0], "w3": [1, 5]}}
    now = grant_request.Made(b"", {"w2": (600_000, 0), "w4": (600_000, None)})
    with county.store.writing() as connection:
        county_acts.write(connection, grant_request.SORT, DEED, detail)
        grant_request.keep(connection, now, "ab" * 32, ASKED, DEED)
        found = grant_delivery.prepared(connection, YEAR)
    assert {site: one.energy_wh for site, one in found.items()} == {"w1": None, "w3": 5, "w2": 0, "w4": None}


@pytest.mark.parametrize("is_of_periods", [True, False])
def test_a_well_with_water_and_no_energy_is_named_when_its_right_is_prepared(county, is_of_periods):
    """As a registry may say that is older than the check of it."""
    bring(county, Well("w1"), Well("w3"))
    plan(county, {"w1": 100_000, "w3": 100_000})
    parts = {"year": (100_000, 100), "03": (50_000, 0), "07": (50_000, 0)}
    parts = parts if is_of_periods else {"year": (100_000, 0)}
    values = [
        {"site": "w1", "year": YEAR, "period": period, "volume_l": volume_l, "energy_wh": energy_wh}
        for period, (volume_l, energy_wh) in parts.items()
    ]
    with county.store.writing() as connection:
        objects = [("plan", f"w1/{YEAR}/{one['period']}", one) for one in values]
        changing.change(connection, objects, DEED, check=fine)
    (said,) = made(county).still
    assert said.startswith("site w1: its plan of 2027 has 100 m³ and 0 kWh: the well would stand still")
