"""What each rule says of a small county, and which setting holds for whom."""

import pytest

from karez_gateway.county.alarms import due_rules, engine, link_rules, rules, use_rules, words
from karez_gateway.county.alarms.facts import Day, Live, Pending, Platform, Update
from karez_gateway.county.alarms.settings import About, Override, Settings

from .alarm_county import NOW_S, facts, litres, person, plan, region, said, site, well

DAY_S = 86400


def test_use_is_held_against_the_plan_of_site_holder_and_region():
    found = facts(
        region("65"),
        region("651", "65"),
        ("holder", {"code": "h", "name_zh": "户", "sort": "village"}),
        site("w1", holder="h"),
        site("w2", holder="h"),
        plan("w1", 100),
        plan("w2", 900),
        used_year=litres(w1=100, w2=720),
    )
    assert said(use_rules.used(found)) == {
        ("used", "w1", "80"): None,
        ("used", "w1", "90"): None,
        ("used", "w1", "100"): True,
        ("used", "w2", "80"): True,
        ("used", "h", "80"): True,
        ("used", "651", "80"): True,
        ("used", "65", "80"): True,
    }


def test_a_plan_of_nothing_is_used_up_by_the_first_litre_and_no_plan_by_none():
    found = facts(region("651"), site("w1"), site("w2"), plan("w1", 0), used_year=litres(w1=1, w2=1))
    assert said(use_rules.used(found))["used", "w1", "100"] is True
    assert not any(one.key.subject == "w2" for one in use_rules.used(found))
    assert not said(use_rules.used(facts(region("651"), site("w1"), plan("w1", 0))))


def test_months_make_a_year_where_no_year_is_planned():
    found = facts(region("651"), site("w1"), plan("w1", 60, "07"), plan("w1", 40, "08"))
    assert found.places.plan_l("w1", 2026) == 100_000
    assert found.places.plan_l("w1", 2027) is None


@pytest.mark.parametrize(("day_m3", "holds"), [(499, None), (500, True), (399, False)])
def test_the_last_day_is_held_against_the_pace_of_its_month(day_m3, holds):
    found = facts(region("651"), site("w1"), plan("w1", 3000, "09"), used_day=litres(w1=day_m3))
    assert said(use_rules.rate(found)).get(("rate", "w1", "pace"), False) is holds


def test_a_setting_of_the_site_goes_before_those_of_holder_region_and_class():
    settings = Settings(
        [
            Override("used", {"lines_percent": (1,)}, site="w1"),
            Override("used", {"lines_percent": (2,)}, region="65"),
            Override("used", {"lines_percent": (3,)}, region="651"),
            Override("used", {"lines_percent": (4,)}, water_class="farming"),
            Override("used", {"lines_percent": (5,)}, holder="h"),
            Override("used", {"clear_percent": 9}),
        ]
    )

    def lines(**about):
        return settings.of("used", About(**about))["lines_percent"]

    assert lines(regions=("651", "65"), water_class="farming", holder="h", site="w1") == (1,)
    assert lines(regions=("651", "65"), water_class="farming", holder="h", site="w2") == (5,)
    assert lines(regions=("651", "65"), water_class="farming") == (3,)
    assert lines(regions=("65",), water_class="farming") == (2,)
    assert lines(regions=("66",), water_class="farming") == (4,)
    assert lines() == (80, 90, 100)
    assert settings.of("used", About())["clear_percent"] == 9


def test_a_rule_rests_where_and_when_it_is_told_to():
    overrides = [
        Override("used", {"enabled": 0}, site="w1"),
        Override("used", {"in_months": (1,)}, site="w2"),
    ]
    found = facts(
        region("651"),
        *(thing for name in ("w1", "w2", "w3") for thing in (site(name), plan(name, 1))),
        overrides=overrides,
        used_year=litres(w1=1, w2=1, w3=1),
    )
    assert {one.key.subject for one in use_rules.used(found) if one.key.kind == "site"} == {"w3"}


@pytest.mark.parametrize(
    ("rule", "values", "why"),
    [
        ("usedd", {}, "there is no rule"),
        ("used", {"line_percent": [80]}, "used has no line_percent"),
        ("used", {"lines_percent": 80}, "is a list"),
        ("used", {"lines_percent": []}, "list of whole numbers"),
        ("used", {"in_months": [13]}, "1 to 12"),
        ("used", {"clear_percent": -1}, "whole number"),
        ("used", {"clear_percent": True}, "whole number"),
        ("record", {"ignore": [1]}, "list of lines"),
    ],
)
def test_a_wrong_setting_is_named(rule, values, why):
    assert why in rules.fault(rule, values)


def test_every_default_would_be_taken_as_a_setting():
    for name, rule in rules.RULES.items():
        for values in (rule.defaults, *rule.by_class.values()):
            assert rules.fault(name, values) == ""


def silent(live, silent_h=7, **values):
    found = facts(
        region("651"),
        site("w1", **values),
        wells={"w1": well("w1", silent_h)},
        names={"w1": "box"},
        live=live,
    )
    return said(link_rules.silent(found))


def test_a_silent_well_is_offline_or_online_without_records():
    long_up = NOW_S - DAY_S
    assert silent(Live(long_up, None, {"box": False})) == {("silent", "w1", "offline"): True}
    assert silent(Live(long_up, None, {"box": True})) == {("silent", "w1", "no records"): True}
    assert silent(Live(long_up, None, {}), silent_h=5) == {}
    assert silent(Live(long_up, None, {}), status="sealed") == {}


def test_no_well_is_called_silent_while_nobody_could_have_been_heard():
    both = {("silent", "w1", "offline"): None, ("silent", "w1", "no records"): None}
    assert silent(Live(NOW_S - DAY_S, NOW_S - 60)) == both
    assert silent(Live(NOW_S - 3600, None)) == both  # the link is back for an hour only


def test_a_roll_out_that_stopped_or_stands_is_told_and_what_to_do():
    updates = (
        Update(1, "first", True, NOW_S, 3600),
        Update(2, "rest", False, NOW_S - 7 * DAY_S - 3600, 3600),
        Update(3, "rest", False, NOW_S - 7 * DAY_S, 3600),
    )
    found = engine.look(facts(updates=updates), ["update"])
    assert said(found) == {("update", "1", "stopped"): True, ("update", "2", "stands"): True}
    told = [words.say(one.key.rule, one.key.line, one.value, one.facts, "en") for one in found]
    assert "see karez gateway update status 1; resume or withdraw it" in told[0]
    assert "stands for 7 days: karez gateway update status 2, or withdraw it" in told[1]
    assert not engine.look(facts(updates=updates, overrides=[Override("update", {"enabled": 0})]), ["update"])


def test_the_broker_and_platforms_have_alarms_of_their_own():
    live = Live(NOW_S, NOW_S - 601, platform_down_utc_s={"city": NOW_S - 3601, "idle": 0, "off": 0})
    platforms = (
        Platform("city", False, False, NOW_S - 60),
        Platform("idle", False, False, None),
        Platform("off", False, True, 0),
        Platform("slow", True, False, NOW_S - DAY_S),
    )
    found = facts(live=live, platforms=platforms)
    assert said(engine.look(found, ["broker", "platform"])) == {
        ("broker", "broker", "down"): True,
        ("platform", "city", "down"): True,
        ("platform", "slow", "behind"): True,
    }


def test_a_grant_that_nobody_acknowledges_is_told_after_a_day():
    pending = (Pending("w1", 7, NOW_S - DAY_S, 9), Pending("w2", 7, NOW_S - DAY_S + 1, 9))
    found = facts(region("651"), site("w1"), site("w2"), pending=pending)
    assert said(link_rules.delivery(found)) == {("delivery", "w1", "grant"): True}


def test_use_that_does_not_fit_the_class_is_told():
    december = NOW_S + 80 * DAY_S
    objects = (region("651"), site("farm"), site("drink", **{"class": "domestic"}))
    week = litres(farm=51, drink=51)
    winter = facts(*objects, now_s=december, used_week=week, hours_week={"farm": 9, "drink": 85})
    assert said(use_rules.off_class(winter)) == {
        ("off-class", "farm", "season"): True,
        ("off-class", "drink", "hours"): True,
    }
    summer = facts(*objects, used_week=week, hours_week={"farm": 168, "drink": 84})
    assert said(use_rules.off_class(summer)) == {}


def test_a_well_without_a_right_that_uses_power_or_water_is_told():
    today = facts().day(NOW_S)
    days = (Day("old", today, 5000, 0, 0, None, None), Day("little", today, 4999, 0, 0, None, None))
    days += (Day("long-ago", today - 2, 9000, 0, 0, None, None), Day("good", today, 9000, 0, 0, None, None))
    objects = [site(name, status="retired") for name in ("old", "little", "long-ago")]
    found = facts(
        region("651"),
        *objects,
        site("wet", status="unlicensed"),
        site("good"),
        days=days,
        used_day=litres(wet=1),
    )
    assert said(use_rules.no_right(found)) == {
        ("no-right", "old", "retired"): True,
        ("no-right", "wet", "unlicensed"): True,
    }


def meter(serial, due, **values):
    plain = {"site": "w1", "quantity": "water", "from_date": "2024-01-01", "due_date": due}
    return ("meter", {"serial": serial} | plain | values)


def test_verification_is_told_before_it_is_due_and_after():
    found = facts(
        region("651"),
        site("w1"),
        meter("late", "2026-09-20"),
        meter("today", "2026-09-21"),
        meter("soon", "2026-10-21"),
        meter("far", "2026-10-22"),
        meter("gone", "2020-01-01", to_date="2025-01-01"),
    )
    assert said(due_rules.verification(found)) == {
        ("verification", "late", "overdue"): True,
        ("verification", "today", "soon"): True,
        ("verification", "soon", "soon"): True,
    }


def test_a_permit_counts_while_a_well_names_it():
    def paper(number, to_date):
        return ("permit", {"number": number, "holder": "h", "volume_l": 1, "to_date": to_date})

    found = facts(
        region("651"),
        site("w1", permit="A"),
        site("w2", permit="B"),
        paper("A", "2026-12-20"),
        paper("B", "2026-09-20"),
        paper("C", "2020-01-01"),
    )
    assert said(due_rules.permit(found)) == {
        ("permit", "h", "A soon"): True,
        ("permit", "h", "B overdue"): True,
    }


def test_grants_of_the_next_year_are_missed_some_days_before():
    objects = (region("651"), site("w1"), site("w2"), site("w3"))
    end = facts().years.span(2026).to_utc_s
    granted = {"w1": end, "w2": end + 1}
    late = facts(*objects, now_s=end - 20 * DAY_S, granted_to_utc_s=granted)
    (sign,) = due_rules.next_year(late)
    assert (sign.key.subject, sign.key.line, sign.value, sign.facts["wells"]) == ("651", "2027", 1, "w1")
    assert not list(due_rules.next_year(facts(*objects, now_s=end - 22 * DAY_S, granted_to_utc_s=granted)))


def test_the_nearest_responsible_person_is_first_and_a_circle_of_regions_ends():
    found = facts(
        person("li"),
        person("wang"),
        region("65", person="wang"),
        region("651", "65", person="li"),
        region("a", "b"),
        region("b", "a"),
        site("w1", person="zhao"),
        site("w2"),
        site("lost", "a"),
    )
    assert found.places.people("site", "w1") == ["zhao", "li", "wang"]
    assert found.places.people("site", "w2") == ["li", "wang"]
    assert found.places.above("a") == ("a", "b")
    assert found.places.within("b") == ["lost"]


def every_sign():
    """One sign of nearly every rule and line."""
    end = facts().years.span(2026).to_utc_s
    found = facts(
        region("651"),
        site("w1"),
        site("w2", status="sealed"),
        plan("w1", 10, "09"),
        meter("m", "2026-09-01"),
        now_s=NOW_S,
        wells={"w1": well("w1", 30)},
        live=Live(0, NOW_S - 9999, {}, {"p": 0}),
        platforms=(Platform("p", False, False, 0), Platform("q", True, False, 0)),
        updates=(Update(1, "first", True, 0, 0), Update(2, "rest", False, 0, 0)),
        used_year=litres(w1=10),
        used_day=litres(w1=200, w2=1),
        used_week=litres(w1=200),
        hours_week={"w1": 169},
        pending=(Pending("w1", 3, 0, 2),),
        granted_to_utc_s={"w1": end},
        overrides=[Override("next-year", {"days": 400})],
    )
    return [sign for sign in engine.look(found, engine.LOOKS) if sign.holds]


def test_what_rules_say_reads_in_both_languages():
    signs = every_sign()
    assert {one.key.rule for one in signs} >= {
        "used", "rate", "broker", "platform", "delivery", "off-class", "no-right", "verification", "next-year"
    }  # fmt: skip
    for one in signs:
        english = words.say(one.key.rule, one.key.line, one.value, one.facts, "en")
        chinese = words.say(one.key.rule, one.key.line, one.value, one.facts, "zh")
        assert english.isascii() or "m³" in english
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
        assert "{" not in english + chinese and not english.startswith(words.rule(one.key.rule, "en") + ":")


def test_quantities_are_shown_in_the_units_of_people():
    assert [words.thousandths(one) for one in (0, 1, 1500, 1_234_567_000, -20)] == [
        "0",
        "0.001",
        "1.5",
        "1,234,567",
        "-0.02",
    ]
    assert words.say("used", "90", 91, {"year": 2026, "plan_l": 2_000_500, "used_l": 1_820_000}, "en") == (
        "91 % of the plan of 2026 is used: 1,820 of 2,000.5 m³ (line 90 %)"
    )
    assert words.say("record", "event:180", 180, {}, "zh") == "箱门打开"
    assert words.say("record", "alarm:3", 3, {}, "en") == "runs past the controller"
