"""Rules over a real store: use against a plan, silence, kills between; what people do from the shell."""

import contextlib
import json
import time

import pytest
from typer.testing import CliRunner

from karez_gateway.alarms.rules import STAGE, LinkWatch
from karez_gateway.cli.main import app
from karez_gateway.county.alarms.facts import Live
from karez_gateway.store import acts

from .alarm_county import limit, plan, region, site
from .alarm_desk import Desk
from .county import create, opened
from .synthetic import SyntheticController, make_grant

HOUR_S, DAY_S = 3600, 86400
SETTINGS = '\n[[alarms.rule]]\nrule = "used"\nset = { lines_percent = [50, 100] }\n'
COUNTY = (region("65"), region("651", "65"), site("well-1"), plan("well-1", 100), limit("65", 80))


@pytest.fixture
def desk(tmp_path, database_kind):
    with opened(create(tmp_path / "g", SETTINGS)) as county:
        desk = Desk(county)
        desk.put(*COUNTY)
        yield desk


def used(box, cubic_metres):
    box.interval(cubic_metres * 1000)
    return box


def test_a_season_crosses_each_line_once(desk):
    box = SyntheticController("a", "well-1")
    told = []
    for cubic_metres in (49, 1, 0, 29, 1, 20, 1):
        used(box, cubic_metres)
        desk.take(box)
        before = set(desk.open())
        desk.look("used", "area-volume")
        told.append(sorted(f"{rule} {subject} {line}" for rule, subject, line in set(desk.open()) - before))
    assert told == [
        [],
        ["used 65 50", "used 651 50", "used well-1 50"],
        [],
        ["area-volume 65 all hours"],
        ["area-volume 65 all stop"],
        ["used 65 100", "used 651 100", "used well-1 100"],
        [],
    ]
    assert {state for state, _ in desk.open().values()} == {"raised"}


def test_a_well_falls_silent_and_speaks_again(desk):
    box = SyntheticController("a", "well-1")
    desk.take(used(box, 1))
    desk.live = Live(0, None, {box.name: True})
    desk.now_s = 1_790_100_000 + 6 * HOUR_S  # RECEIVED_UTC_S of county.py
    assert desk.look("silent") == 1
    assert desk.open() == {("silent", "well-1", "no records"): ("raised", 1)}
    desk.now_s -= HOUR_S
    desk.look("silent")
    assert desk.open() == {("silent", "well-1", "no records"): ("latched", 1)}


def test_grants_that_wait_and_that_end_with_the_year(desk):
    from karez_gateway.controllers.enrolment import queue_grant

    box = SyntheticController("a", "well-1")
    desk.take(used(box, 1))
    end = 1_798_732_800  # 2027 begins at UTC+8
    queue_grant(desk.county.store, make_grant("well-1", 1, 1000, to_utc_s=end))
    desk.now_s = end - 10 * DAY_S
    desk.look("next-year")
    assert set(desk.open()) == {("next-year", "651", "2027")}
    desk.now_s = int(time.time()) + DAY_S  # queued by this machine's clock
    desk.look("delivery")
    assert ("delivery", "well-1", "grant") in desk.open()


class Killed(BaseException):
    """Not an Exception: nothing may catch it on the way."""


def test_a_look_that_is_killed_is_told_once_by_the_next(desk):
    box = SyntheticController("a", "well-1")
    desk.take(used(box, 60))
    alive = desk.rules._at

    def dies(phase):
        assert phase == STAGE
        raise Killed

    desk.rules._at = dies
    with contextlib.suppress(Killed):
        desk.look()
    assert desk.open() == {}
    desk.rules._at = alive
    desk.look()
    first = desk.open()
    desk.look()
    assert desk.open() == first and ("used", "well-1", "50") in first


def test_the_link_s_watch_says_since_when():
    watch = LinkWatch(100)
    assert watch.live({}).broker_down_utc_s == 100
    watch.note(is_connected=True, platforms={"city": False}, now_s=200)
    watch.note(is_connected=True, platforms={"city": False}, now_s=300)
    live = watch.live({"box": True})
    assert (live.since_utc_s, live.broker_down_utc_s, live.platform_down_utc_s) == (200, None, {"city": 200})
    watch.note(is_connected=False, platforms={"city": True}, now_s=400)
    assert watch.live({}).broker_down_utc_s == 400 and not watch.live({}).platform_down_utc_s


def karez(desk, *words):
    return CliRunner().invoke(app, [words[0], words[1], "--data", str(desk.county.config.data), *words[2:]])


def test_a_person_lists_shows_and_acknowledges(desk):
    box = SyntheticController("a", "well-1")
    desk.take(used(box, 60))
    desk.look("used")
    listed = json.loads(karez(desk, "alarms", "list", "--json", "--region", "651").stdout)
    assert sorted(one["subject"] for one in listed) == ["651", "well-1"]
    assert "60 % of the plan" in karez(desk, "alarms", "list", "--subject", "well-1").stdout
    number = next(one["id"] for one in listed if one["subject"] == "well-1")
    done = karez(desk, "alarms", "acknowledge", str(number), "--because", "patrol went", "--by", "li")
    assert done.exit_code == 0, done.stderr
    shown = json.loads(karez(desk, "alarms", "show", str(number), "--json").stdout)
    assert shown["state"] == "acknowledged" and shown["history"][-1]["by"] == "li"
    with desk.county.store.reading() as connection:
        act = acts.get(connection, shown["history"][-1]["act_id"])
    assert (act.sort, json.loads(act.detail)) == ("alarm-acknowledged", {"alarms": [number]})
    again = karez(desk, "alarms", "acknowledge", str(number), "--because", "again")
    assert again.exit_code == 2 and "acknowledged already" in again.stderr
    rest = karez(desk, "alarms", "acknowledge", "--rule", "used", "--because", "known")
    assert "2 acknowledged, 0 of them cleared" in rest.stdout


def test_nothing_is_acknowledged_where_one_cannot_be_or_nobody_says_why(desk):
    box = SyntheticController("a", "well-1")
    desk.take(used(box, 60))
    desk.look("used")
    before = desk.open()
    for words in (["1", "99", "--because", "x"], ["1"], ["1", "--rule", "used", "--because", "x"], []):
        assert karez(desk, "alarms", "acknowledge", *words).exit_code == 2
    assert desk.open() == before
    with desk.county.store.reading() as connection:
        assert acts.newest_first(connection, ("alarm-acknowledged",)) == []


def test_an_area_at_its_limit_gives_a_request_and_no_order(desk, tmp_path):
    box = SyntheticController("a", "well-1")
    desk.put(site("drink", **{"class": "domestic"}))
    desk.take(used(box, 80))
    desk.look("area-volume")
    (one,) = desk.all()
    out = tmp_path / "request.json"
    words = ["propose", str(one.id), "--because", "limit reached", "--by", "li", "--out", str(out)]
    done = karez(desk, "alarms", *words)
    assert done.exit_code == 0, done.stderr
    request = json.loads(out.read_text())
    assert (request["kind"], request["sites"], request["by"]) == ("stop", ["well-1"], "li")
    assert [one["site"] for one in request["left_out"]] == ["drink"]
    assert karez(desk, "alarms", *words).exit_code == 2  # never replaced
    with desk.county.store.reading() as connection:
        assert len(acts.newest_first(connection, ("order-proposed",))) == 1


def test_settings_that_name_nothing_are_pointed_out(tmp_path, database_kind):
    extra = '\n[[alarms.rule]]\nrule = "used"\nregion = "99"\nset = { enabled = 0 }\n'
    with opened(create(tmp_path / "g", extra)) as county:
        desk = Desk(county)
        desk.put(*COUNTY)
        found = json.loads(karez(desk, "alarms", "rules", "--json", "--site", "well-1").stdout)
        assert found["not_there"] == ["alarms.rule used: the registry has no region 99"]
        assert found["rules"]["off-class"]["months"] == list(range(3, 12))
        assert karez(desk, "alarms", "rules", "--site", "nowhere").exit_code == 2


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ('[[alarms.rule]]\nrule = "used"\nset = { lines = [1] }\n', "used has no lines"),
        ('[[alarms.rule]]\nrule = "used"\nclass = "farm"\nset = {}\n', "no class of use"),
        ('[[alarms.notify]]\nname = "a"\nkind = "email"\nto = "x@y"\n', r"needs \[alarms.mail\]"),
        ('[[alarms.notify]]\nname = "a"\nkind = "webhook"\nto = "https://x/y"\n', "needs secret_env"),
        (
            '[[alarms.notify]]\nname = "a"\nkind = "webhook"\nto = "http://x.example/y"\nsecret_env = "S"\n',
            "use https",
        ),
        ('[alarms.mail]\nhost = "mail.example"\nsecurity = "plain"\nsender = "a@b"\n', "plain SMTP"),
        ('[alarms.mail]\nhost = "mail.example"\nsender = "a@b"\nuser = "u"\n', "belong together"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(tmp_path, database_kind, extra, why):
    from karez_gateway import config
    from karez_gateway.errors import ConfigError

    with pytest.raises(ConfigError, match=why):
        config.load(create(tmp_path / "g", f"\n{extra}"))
