"""Boxes that change over New Year: county and office agree, and a person heals what was counted twice."""

import json
import re

import pytest
from typer.testing import CliRunner

from karez_gateway.calendars import Calendar
from karez_gateway.cli.main import app as gateway
from karez_gateway.controllers.enrolment import rebind
from karez_gateway.county.acts import Deed
from karez_gateway.county.ledger import correcting, evidence
from karez_gateway.county.ledger.corrections import Correction
from karez_gateway.county.quota.grants import Terms
from karez_gateway.county.registry import changing
from karez_gateway.county.years.wateryear import WaterYears
from karez_gateway.downlink import offering
from karez_gateway.grants import delivery
from karez_gateway.grants import request as grant_request
from karez_gateway.grants.request import Asked
from karez_gateway.proofs import checkpoints
from karez_gateway.regulator import draft, request, state
from karez_gateway.regulator.boxes import Box, Count
from karez_gateway.regulator.journal import Head
from karez_protocols import binding, chain, grant

from .county import create, opened
from .regulator_desk import DAY_S, FROM_UTC_S, NOW_S, YEAR, Well, dead_box, folder, judge, next_box
from .synthetic import PROVISIONER, REGULATOR, public, sign

YEARS = WaterYears(Calendar(8))
DEED = Deed("li", "plans of 2027", NOW_S, document="W-2027-3")
ASKED = Asked("test", YEAR, Terms())
RIGHT_L = 500_000
MONTH = "2027-04"


class Bureau:
    """A county with a plan for one well, its commands, and the office that signs."""

    def __init__(self, county, office):
        self.county, self.office, self.known, self.lines = county, office, state.State(), 0

    def hear(self, well, first=1):
        self.county.enrol(well.box)
        self.county.take(well.box, *well.box.payloads(first))
        self.county.work()

    def hear_again(self, well):
        """Of a box that is enrolled."""
        self.county.take(well.box, *well.box.payloads())
        self.county.work()

    def run(self, *words, ok=0):
        said = [*words[:2], "--data", str(self.county.config.data), *words[2:]]
        if words[0] == "trace":
            said = [words[0], "--data", str(self.county.config.data), *words[1:]]
        done = CliRunner().invoke(gateway, list(map(str, said)), catch_exceptions=False)
        assert done.exit_code == ok, done.output
        return done.output

    def made(self):
        deed = DEED._replace(document=f"W-2027-{self.lines}")
        with self.county.store.reading() as connection:
            return grant_request.make(connection, YEARS, ASKED, deed)

    def sign(self):
        """Ask, and let the office sign; what it planned for the well."""
        self.lines += 1
        read = request.decode(self.made().data, "north.request")
        plan = draft.make(judge(self.office, self.known), [read], "")
        line = draft.entry(plan, draft.sign(plan, REGULATOR, NOW_S), "li", NOW_S)
        self.known.apply(Head(self.lines, "00"), json.loads(json.dumps({"n": self.lines, **line})))
        return plan.planned[0]

    def deliver(self):
        """Ask, sign, and bring the grant in, as the office's first of the year."""
        read = request.decode(self.made().data, "north.request")
        plan = draft.make(judge(self.office, self.known), [read], "")
        (data,) = draft.sign(plan, REGULATOR, NOW_S)
        self.sign()
        delivery.deliver(self.county.store, [("w1.grant", data)], NOW_S, DEED)

    def doubles(self):
        return json.loads(self.run("ledger", "doubles", "--year", YEAR, "--json"))

    def heal(self, volume, ok=0, period=MONTH, energy=()):
        words = (
            *energy,
            "--kind",
            "double",
            "--because",
            "the old box ran on",
            "--document",
            "D-1",
            "--by",
            "li",
        )
        said = self.run(
            "ledger", "correct", "--site", "w1", "--period", period, "--volume", volume, *words, ok=ok
        )
        while self.county.acts.log_queued(NOW_S):
            pass
        return said


@pytest.fixture
def bureau(tmp_path, monkeypatch):
    monkeypatch.setattr("time.time", lambda: float(NOW_S))
    with opened(create(tmp_path / "gateway")) as county:
        objects = [("region", "650401", {"code": "650401", "name_zh": "亚尔镇", "tree": "admin"})]
        values = {"site": "w1", "sort": "well", "region": "650401", "class": "farming", "source": "ground"}
        objects.append(("site", "w1", values | {"point": "wellhead", "status": "licensed"}))
        whole = {"site": "w1", "year": YEAR, "period": "year", "volume_l": RIGHT_L}
        objects.append(("plan", f"w1/{YEAR}/year", whole))
        with county.store.writing() as connection:
            changing.change(connection, objects, DEED, check=lambda *_: None)
        yield Bureau(county, folder(tmp_path / "office"))


@pytest.mark.parametrize("tail_l", [0, 2_000])
def test_a_box_that_died_over_new_year_and_the_next_one_get_a_right_in_the_same_year(bureau, tail_l):
    old = dead_box(tail_l=tail_l)
    new = next_box(old, old.start_l + 3_000)
    bureau.hear(old)
    bureau.hear(new)
    assert bureau.doubles() == []
    found = bureau.sign()
    assert (found.volume_l, found.ledger_l) == (new.box.volume_l, 23_000)
    assert found.rows[0]["ceiling"] == old.start_l + RIGHT_L
    assert bureau.sign().ledger_l == 23_000  # and once more, from what the office remembers


def test_a_box_that_was_bound_in_december_and_began_in_january_has_its_year_s_start(bureau):
    new = next_box(dead_box(), 0, bound_utc_s=FROM_UTC_S - DAY_S)
    bureau.hear(new)
    found = bureau.sign()
    assert (found.ledger_l, found.rows[0]["ceiling"]) == (20_000, RIGHT_L)


def test_two_boxes_of_one_year_count_from_the_first_one_s_base(bureau):
    old = dead_box(utc_s=FROM_UTC_S + 40 * DAY_S)
    old.box.bound_utc_s = FROM_UTC_S + 30 * DAY_S
    old.box.slots.clear()
    old.box.seq, old.box.volume_l = 0, old.start_l - 40_000
    old.box.bind()
    old.read(40_000)
    old.box.checkpoint()
    new = next_box(old, old.start_l + 1_000, bound_utc_s=FROM_UTC_S + 60 * DAY_S)
    bureau.hear(old)
    bureau.hear(new)
    found = bureau.sign()
    assert found.ledger_l == 61_000
    assert found.rows[0]["ceiling"] == 1_000_000 + RIGHT_L


def test_last_records_that_come_late_and_were_booked_as_a_gap_are_healed(bureau):
    """The dead box is read out in spring: what was booked in this year, it signed in the last one."""
    old = dead_box(tail_l=2_000)
    new = next_box(old, old.start_l + 3_000)
    bureau.county.enrol(old.box)
    bureau.county.take(old.box, *old.box.payloads(1, 3))
    bureau.county.work()
    bureau.hear(new)
    assert bureau.sign().ledger_l == 23_000
    old.box.checkpoint()
    bureau.hear(old, 4)
    (said,) = bureau.doubles()
    assert (said["excess_l"], said["is_agreed"]) == (2_000, False)
    with pytest.raises(Exception, match=r"w1 is left out: its books have 2 m³ .* correct --kind double"):
        bureau.made()
    assert "2,000 L have to be taken off" in bureau.run("ledger", "doubles", "--year", YEAR)
    bureau.heal("-2")
    found = bureau.sign()
    assert found.ledger_l == 21_000
    assert found.rows[0]["ceiling"] == old.start_l + 2_000 + RIGHT_L
    assert found.counted_l == RIGHT_L  # nothing was given back: it had never been counted twice at the office


def lived_on(bureau, **meter):
    """The old box was read out after the swap: it had counted 30 m³ more than the new one's base."""
    old = Well("w1", used_l=100_000)
    new = next_box(old, old.box.volume_l - 30_000, litres=40_000, **meter)
    seq = old.box.seq
    bureau.county.enrol(old.box)
    bureau.county.take(old.box, *old.box.payloads(1, seq - 3))
    bureau.county.work()
    bureau.hear(new)
    bureau.hear(old, seq - 2)
    return old, new


def test_two_boxes_that_counted_count_as_used_until_a_person_says_that_it_was_one_water(bureau):
    old, new = lived_on(bureau)
    (said,) = bureau.doubles()
    assert (said["excess_l"], said["counts_as_used_l"]) == (30_000, 30_000) and said["is_agreed"]
    assert [one["signed_up_to_l"] for one in said["boxes"]] == [old.box.volume_l, new.box.volume_l]
    used_l = new.box.volume_l - old.start_l
    found = bureau.sign()
    assert (found.ledger_l, found.twice_l) == (used_l + 30_000, 30_000)
    bureau.heal("-30")
    found = bureau.sign()
    assert (found.ledger_l, found.healed_l, found.counted_l) == (used_l, 30_000, RIGHT_L + 30_000)
    assert found.rows[0]["ceiling"] == old.start_l + RIGHT_L


def test_one_meter_read_by_two_boxes_is_healed_without_room_in_the_limits(bureau):
    """Bound by the register as it stood when W was the base: the spare's binding of `karez tech swap-box`."""
    old, _new = lived_on(bureau, serial="W1", register_base=120_000)
    (said,) = bureau.doubles()
    assert (said["excess_l"], said["counts_as_used_l"], said["is_agreed"]) == (30_000, 0, False)
    bureau.heal("-30")
    found = bureau.sign()
    assert (found.twice_l, found.counted_l) == (0, RIGHT_L)
    assert found.rows[0]["ceiling"] == old.start_l + RIGHT_L


def limit_energy(bureau, right_wh):
    values = {"site": "w1", "year": YEAR, "period": "year", "volume_l": RIGHT_L, "energy_wh": right_wh}
    with bureau.county.store.writing() as connection:
        changing.change(connection, [("plan", f"w1/{YEAR}/year", values)], DEED, check=lambda *_: None)


def energy_ceiling(found):
    return next(row["ceiling"] for row in found.rows if row["quantity"] == grant.ENERGY)


def test_one_act_heals_litres_and_energy_and_county_and_office_come_to_the_well_s_own_truth(bureau):
    """In truth the well took 110 m³ and 55 kWh; 30 m³ and 15 kWh of them stand in both boxes."""
    limit_energy(bureau, 200_000)
    old, new = lived_on(bureau, base_wh=Well("w1", used_l=100_000).energy_wh - 15_000)
    (said,) = bureau.doubles()
    energy = {"year_start_wh": old.start_wh, "counts_as_used_wh": 15_000, "healed_wh": 0}
    assert said["energy"] == energy | {"to_heal_wh": 15_000}
    assert energy_ceiling(bureau.sign()) == old.start_wh + 200_000 - 15_000
    bureau.heal("-10")
    assert bureau.doubles()[0]["energy"]["healed_wh"] == 5_000
    assert energy_ceiling(bureau.sign()) == old.start_wh + 200_000 - 10_000
    bureau.heal("-20")
    found = bureau.sign()
    assert (found.ledger_l, new.energy_wh - old.start_wh) == (110_000, 55_000)
    assert energy_ceiling(found) - new.energy_wh == 200_000 - 55_000
    (said,) = bureau.doubles()
    assert (said["energy"]["healed_wh"], said["energy"]["to_heal_wh"]) == (15_000, 0)


def test_a_trace_tells_the_energy_of_both_boxes_and_what_the_act_took_off(bureau):
    limit_energy(bureau, 200_000)
    base_wh = Well("w1", used_l=100_000).energy_wh - 15_000
    old, new = lived_on(bureau, serial="W1", register_base=120_000, base_wh=base_wh)
    bureau.heal("-30")
    found = bureau.sign()
    assert (found.twice_l, found.healed_wh) == (0, 15_000)
    assert energy_ceiling(found) == old.start_wh + 200_000
    told = bureau.run("trace", "--site", "w1", "--period", YEAR)
    assert f"box {old.box.name}: signed up to E 80,000 Wh" in told
    assert f"box {new.box.name}: begins at E 65,000 Wh by its binding, signed up to 85,000 Wh" in told
    assert "15,000 Wh were counted by two boxes, 15,000 Wh of them are taken off" in told
    assert "PROBLEM" not in told


def test_energy_alone_is_taken_off_by_a_correction_without_litres(bureau):
    limit_energy(bureau, 200_000)
    old = Well("w1", used_l=100_000)
    bureau.hear(old)
    assert "show no energy counted twice" in bureau.heal("0", ok=2)
    new = next_box(old, old.box.volume_l, litres=40_000, base_wh=old.energy_wh - 15_000)
    bureau.hear(new)
    said = bureau.run("ledger", "doubles", "--year", YEAR)
    assert "nothing to take off" in said and "--kind double --volume 0 --period MONTH" in said
    assert energy_ceiling(bureau.sign()) == old.start_wh + 200_000 - 15_000
    bureau.heal("0")
    assert energy_ceiling(bureau.sign()) == old.start_wh + 200_000
    assert "--volume" not in bureau.run("ledger", "doubles", "--year", YEAR)
    assert "show no energy counted twice" in bureau.heal("0", ok=2)


def test_an_act_takes_off_no_energy_that_is_counted_twice_after_it_and_can_be_taken_back(bureau):
    limit_energy(bureau, 200_000)
    old = Well("w1", used_l=100_000)
    new = next_box(old, old.box.volume_l, litres=40_000, base_wh=old.energy_wh - 15_000)
    bureau.hear(old)
    bureau.hear(new)
    bureau.heal("0", energy=("--energy", "-0.1"))
    assert energy_ceiling(bureau.sign()) == old.start_wh + 200_000 - 14_900
    assert "show 14.9 kWh of 2027" in bureau.heal("0", energy=("--energy", "-14.901"), ok=2)
    bureau.heal("0")
    (said,) = bureau.doubles()
    assert (said["energy"]["healed_wh"], said["energy"]["to_heal_wh"]) == (15_000, 0)
    assert "15 kWh of 2027 were taken off" in bureau.heal("0", energy=("--energy", "+15.001"), ok=2)
    bureau.heal("0", energy=("--energy", "+15"))
    assert bureau.doubles()[0]["energy"]["to_heal_wh"] == 15_000
    assert energy_ceiling(bureau.sign()) == old.start_wh + 200_000 - 15_000
    for wrong in ("0", "x", "-1000000001"):
        assert "Traceback" not in bureau.heal("0", energy=("--energy", wrong), ok=2)
    assert "without litres alone" in bureau.heal("-1", energy=("--energy", "-1"), ok=2)


def test_energy_that_is_counted_twice_after_an_act_is_for_another_act(bureau):
    limit_energy(bureau, 200_000)
    old = Well("w1", used_l=100_000)
    new = next_box(old, old.box.volume_l, litres=40_000, base_wh=old.energy_wh - 15_000)
    bureau.hear(old)
    bureau.hear(new)
    bureau.heal("0")
    seq = old.box.seq
    old.energy_wh += 7_000  # it ran on without water, and was read out months later
    old.read(0)
    old.box.checkpoint()
    bureau.hear(old, seq + 1)
    (said,) = bureau.doubles()
    assert (said["energy"]["healed_wh"], said["energy"]["to_heal_wh"]) == (15_000, 7_000)
    found = bureau.sign()
    assert (found.twice_wh, found.healed_wh) == (22_000, 15_000)


def signed(bureau):
    with bureau.county.store.reading() as connection:
        (box,) = [one for one in offering.newest_of_each_site(connection) if one.site == "w1"]
        return evidence.signed(connection, box, YEARS.span(YEAR))


def test_county_and_office_say_alike_whose_start_it_is(bureau):
    old = Well("w1", used_l=30_000)
    bureau.hear(old)
    assert signed(bureau).is_own
    bureau.deliver()
    bureau.hear(spare_in_a_drawer(1_040_000))
    bureau.sign()
    assert signed(bureau).is_own and bureau.known.sites["w1"].years[str(YEAR)][3] == 1


def test_the_end_of_a_box_that_died_before_the_year_is_not_the_next_one_s_own_start(bureau):
    old = dead_box()
    bureau.hear(old)
    bureau.hear(next_box(old, old.start_l))
    bureau.sign()
    assert not signed(bureau).is_own and bureau.known.sites["w1"].years[str(YEAR)][3] == 0


@pytest.mark.parametrize(("is_own", "twice_wh"), [(True, 100), (False, 500)])
def test_energy_below_a_start_of_its_own_is_counted_twice_as_the_office_counts_it(is_own, twice_wh):
    those = [
        Box("a", 1, 0, 0, None, Count(0, 600)),
        Box("b", 2, 0, 0, None, Count(500, 700)),
    ]
    newest = checkpoints.Proof(b"", 2, 1, 9, NOW_S, 0, 1, 2, energy_wh=700)
    found = evidence.Signed(newest, None, (), tuple(those), 0, 1_000, 0, is_own)
    assert evidence.energy(found, ()).twice_wh == twice_wh


def bound_again(bureau, old, base_l, bound_utc_s):
    """The box under a new binding to a site, with a chain of its own."""
    box = old.box
    values, segments, _, _ = binding.open_signed(box.binding)
    values = dict(values) | {"seq": values["seq"] + 1, "issued_utc_s": bound_utc_s}
    segments = [dict(one) | {"base": base_l} for one in segments]
    box.binding = sign(PROVISIONER, binding.LABEL, binding.encode(values, segments))
    box.chain, box.seq, box.volume_l = box.chain + 1, 0, base_l
    box.slots.clear()
    box.h = chain.genesis(box.chain, box.binding)
    rebind(bureau.county.store, box.binding, public(PROVISIONER), by="li", because="it came back")


def test_a_box_that_comes_back_begins_the_year_where_the_box_between_did(bureau):
    """It stood there two years ago; another one lived through the new year; the first right is for it."""
    came = Well("w1", seed="back", from_utc_s=FROM_UTC_S - 700 * DAY_S, now_s=FROM_UTC_S - 400 * DAY_S)
    bureau.hear(came)
    between = Well("w1", used_l=60_000, seed="between", now_s=NOW_S - 20 * DAY_S)
    start_l, end_l = between.start_l, between.box.volume_l
    bureau.hear(between)
    bound_again(bureau, came, end_l, NOW_S - 10 * DAY_S)
    came.box.utc_s = NOW_S - 7200
    came.read(20_000)
    came.box.checkpoint()
    bureau.hear_again(came)
    assert signed(bureau).start_l == start_l
    bureau.deliver()
    assert signed(bureau).start_l == start_l
    assert bureau.sign().ledger_l == 80_000


def test_litres_that_are_put_back_put_their_energy_back(bureau):
    limit_energy(bureau, 200_000)
    lived_on(bureau, base_wh=Well("w1", used_l=100_000).energy_wh - 15_000)
    bureau.heal("-30")
    bureau.heal("10")
    (said,) = bureau.doubles()
    assert (said["to_heal_l"], said["energy"]["to_heal_wh"]) == (10_000, 5_000)
    listed = json.loads(bureau.run("ledger", "corrections", "--json"))
    assert [one["energy_wh"] for one in listed] == [-15_000, 5_000]


def test_who_takes_off_energy_alone_where_litres_stand_twice_is_told_to_take_these(bureau):
    lived_on(bureau, base_wh=Well("w1", used_l=100_000).energy_wh - 15_000)
    assert "30 m³ of 2027 were counted twice: take them off, and their energy" in bureau.heal("0", ok=2)


@pytest.mark.parametrize(
    ("volumes", "said"),
    [
        (("-0.001", "0"), "w1: a correction of 2027 without litres .* not beside others"),
        (("0", "0"), "not beside others"),
        (("-1", "0", "1"), "not beside others"),
        (("0",), "30 m³ of 2027 were counted twice"),
    ],
)
def test_a_file_cannot_hide_a_correction_of_energy_beside_litres(bureau, tmp_path, volumes, said):
    limit_energy(bureau, 200_000)
    lived_on(bureau, base_wh=Well("w1", used_l=100_000).energy_wh - 15_000)
    ceiling = energy_ceiling(bureau.sign())
    path = tmp_path / "double.csv"
    rows = [f"w1,double,{MONTH},metered,{volume}" for volume in volumes]
    path.write_text("\n".join(["site,kind,period,method,volume_m3", *rows, ""]), encoding="utf-8")
    words = ("--because", "the old box ran on", "--document", "D-1", "--by", "li")
    assert re.search(said, bureau.run("ledger", "correct", "--file", path, *words, ok=2))
    while bureau.county.acts.log_queued(NOW_S):
        pass
    assert energy_ceiling(bureau.sign()) == ceiling


def test_what_may_stay_is_signed_also_by_an_office_that_saw_the_old_box_in_its_place(bureau):
    """One meter, read by a spare that began below the year's start: the office knows more than the county."""
    old = Well("w1", used_l=0)
    bureau.hear(old)
    bureau.sign()
    new = next_box(
        old, old.start_l - 10_000, litres=30_000, serial="W1", register_base=old.start_l - 1_010_000
    )
    bureau.hear(new)
    (said,) = bureau.doubles()
    assert (said["is_agreed"], said["to_heal_l"]) == (True, 10_000)
    assert bureau.sign().ledger_l == 30_000
    bureau.heal("-10")
    assert bureau.sign().rows[0]["ceiling"] == old.start_l + RIGHT_L


def spare_in_a_drawer(base_l):
    """Bound in December, it counted nothing over New Year and took 20 m³ once it was fitted."""
    new = next_box(Well("w1"), base_l, bound_utc_s=FROM_UTC_S - 20 * DAY_S, litres=0)
    new.box.slots.clear()
    new.box.seq, new.box.h = 0, chain.genesis(new.box.chain, new.box.binding)
    new.box.utc_s = FROM_UTC_S - 4000
    new.read(0)
    new.box.checkpoint()
    new.read(0, 4300)
    new.box.checkpoint()
    new.box.utc_s = NOW_S - 7200
    new.read(20_000)
    new.box.checkpoint()
    return new


@pytest.mark.parametrize("base_l", [1_040_000, 1_080_000])
def test_a_spare_s_own_new_year_in_its_drawer_forgives_nothing_and_both_say_the_same(bureau, base_l):
    """The old box lived through the new year and gave 30 m³ before the spare took its place."""
    old = Well("w1", used_l=30_000)
    bureau.hear(old)
    bureau.deliver()
    new = spare_in_a_drawer(base_l)
    bureau.hear(new)
    (said,) = json.loads(bureau.run("ledger", "doubles", "--year", YEAR, "--site", "w1", "--json"))
    twice_l = old.box.volume_l - base_l
    assert (said["year_start_l"], said["to_heal_l"], said["is_agreed"]) == (old.start_l, twice_l, True)
    found = bureau.sign()
    assert (found.ledger_l, found.twice_l) == (50_000, twice_l)
    assert found.rows[0]["ceiling"] - new.box.volume_l == RIGHT_L - 50_000


def test_no_more_is_taken_off_than_the_records_show(bureau):
    _old, _ = lived_on(bureau)
    assert "show 30 m³ counted twice in 2027; with this, 30.001 m³" in bureau.heal("-30.001", ok=2)
    assert "with this, -1 m³" in bureau.heal("1", ok=2)
    bureau.heal("-20")
    assert "with this, 31 m³" in bureau.heal("-11", ok=2)
    bureau.heal("-10")
    bureau.heal("5")  # a person thinks better of it
    assert bureau.doubles()[0]["to_heal_l"] == 5_000
    elsewhere = bureau.heal("-1", ok=2, period="2026-12")
    assert "nothing shows" in elsewhere or "show 0 m³" in elsewhere


def test_a_site_with_one_box_has_nothing_to_heal(bureau):
    bureau.hear(Well("w1"))
    assert bureau.doubles() == []
    assert "nothing to take off" in bureau.run("ledger", "doubles", "--year", YEAR, "--site", "w1")
    assert "show 0 m³ counted twice" in bureau.heal("-1", ok=2)
    assert "no box there" in bureau.run("ledger", "doubles", "--year", YEAR, "--site", "w9", ok=2)
    for year in ("0", "99999999999", "-1"):
        assert "Traceback" not in bureau.run("ledger", "doubles", "--year", year, ok=2)


def test_a_trace_tells_both_boxes_and_calls_what_was_healed_wrongly_a_problem(bureau):
    old, new = lived_on(bureau, serial="W1", register_base=120_000)
    bureau.heal("-30")
    said = bureau.run("trace", "--site", "w1", "--period", YEAR)
    assert f"box {old.box.name}: begins at W 1,000,000 L by its binding, signed up to 1,150,000 L" in said
    assert f"box {new.box.name}: begins at W 1,120,000 L" in said and "PROBLEM" not in said
    assert "by li: the old box ran on [D-1]" in said
    span = YEARS.month(YEAR, 4)
    forged = Correction("w1", "double", 1, *span, -1_000)
    with bureau.county.store.writing() as connection:  # past the command, as if somebody wrote into the store
        correcting.correct(connection, [forged], DEED, YEARS.calendar, may_fall=True)
    while bureau.county.acts.log_queued(NOW_S):
        pass
    told = bureau.run("trace", "--site", "w1", "--period", YEAR, ok=1)
    assert "PROBLEM  corrections take 31000 L off as counted twice in 2027" in told
