"""Commands: allowed first, never for drinking water, so many an hour, and told by the records."""

import pytest

from karez_gateway.config import Commands as Settings
from karez_gateway.downlink import commands
from karez_gateway.downlink.commands import Commands
from karez_gateway.errors import Refused
from karez_gateway.operation.status import status
from karez_gateway.operation.statustext import lines
from karez_gateway.store import commands as table
from karez_protocols import binding, causes, entry, link, record, site_class

from . import synthetic
from .county import create, opened
from .papers import state_of
from .synthetic import SyntheticController
from .test_orders import report

NOW_S = 1_790_200_000
ALLOWED = Settings(remote_stop=True, remote_start=True)


@pytest.fixture
def box():
    return SyntheticController("a", "well-1")


@pytest.fixture
def county(tmp_path, box):
    with opened(create(tmp_path / "g")) as found:
        found.enrol(box)
        found.commands = Commands(found.sequencer)
        yield found


def service(*boxes, age_s=20, **state):
    """What the running service wrote of these boxes, so long ago."""
    return {"presence": {one.name: {"utc_s": NOW_S - age_s, **state_of(one), **state} for one in boxes}}


def wish(county, box, verb="stop", *, settings=ALLOWED, now_s=NOW_S, heard=None, **asked):
    given = {"well": box.site, "account": 0, "wished_by": "li"} | asked
    heard = service(box) if heard is None else heard
    return commands.queue(county.store, settings, heard, verb=verb, now_s=now_s, **given)


def publish(county, now_s=NOW_S):
    county.commands.log_queued(now_s)
    due = county.commands.due(now_s)
    for one in due:
        county.commands.sent(one, now_s)
    return [link.decode_down(commands.payload(one)) for one in due]


def answered(county, box):
    report(county, box)
    while county.commands.step():
        pass


def shown(county):
    with county.store.reading() as connection:
        return [(one.state, one.cause) for one in table.newest(connection, 99)]


def test_a_stop_is_in_the_log_with_whoever_wished_it_before_it_is_published(county, box):
    wish(county, box)
    assert county.commands.due(NOW_S) == []
    ((kind, values),) = publish(county)
    assert (kind, values["verb"], values["boot"]) == (link.COMMAND, link.STOP, None)
    found = entry.decode(county.sequencer.log.entry(0))
    assert (found["entry"], found["sort"]) == (entry.OBJECT, entry.COMMAND)
    said = entry.decode_command(found["object"])
    assert (said["controller"], said["verb"], said["wished_by"]) == (box.name, link.STOP, "li")


def test_a_start_quotes_boot_and_uptime_of_the_last_state_and_goes_once(county, box):
    wish(county, box, "start", account=7, heard=service(box, boot=4, uptime_s=1000))
    ((_, values),) = publish(county)
    assert [values[name] for name in ("verb", "account", "boot", "until_s")] == [link.START, 7, 4, 1180]
    assert [at for at in range(1, 400) if publish(county, NOW_S + at)] == []


def test_a_stop_is_published_again_for_three_minutes_and_then_dead(county, box):
    wish(county, box)
    assert [at for at in range(400) if publish(county, NOW_S + at)] == [0, 5, 15, 35, 75, 155]
    assert shown(county) == [("dead", None)]
    assert "no record says what became of it" in "\n".join(lines(status(county.store, county.config)))


@pytest.mark.parametrize(
    ("verb", "settings", "heard", "why"),
    [
        ("stop", Settings(), {}, "a remote stop is not allowed here: set remote_stop = true"),
        ("start", Settings(remote_stop=True), {}, "a remote start is not allowed here"),
        ("dance", ALLOWED, {}, "say start or stop"),
        ("stop", ALLOWED, {}, "nothing has been heard"),
        ("stop", ALLOWED, {"online": 0}, "is offline"),
        ("start", ALLOWED, {"age_s": 181}, "181 s old, more than 180"),
        ("start", ALLOWED, {"boot": None}, "must quote a fresh one"),
    ],
)
def test_what_is_not_wished_well_is_not_queued(county, box, verb, settings, heard, why):
    with pytest.raises(Refused, match=why):
        wish(county, box, verb, settings=settings, heard=service(box, **heard) if heard else {})
    assert shown(county) == []


def test_an_old_state_is_good_enough_for_a_stop(county, box):
    wish(county, box, heard=service(box, age_s=9999))
    assert len(publish(county)) == 1


def test_a_well_that_nobody_knows_and_an_account_that_no_frame_holds(county, box):
    with pytest.raises(Refused, match="no well is called well-9"):
        wish(county, box, well="well-9")
    for asked in ({"account": 1 << 40}, {"wished_by": "x" * 25}):
        with pytest.raises(Refused, match="cannot be sent"):
            wish(county, box, "start", **asked)
    assert shown(county) == []


@pytest.mark.parametrize(
    ("site", "is_heard"),
    [
        ({"class": site_class.DOMESTIC}, False),
        ({"class": site_class.DOMESTIC, "fail": binding.FAIL_RUNNING}, False),
        ({"class": site_class.LIVESTOCK, "fail": binding.FAIL_RUNNING}, False),
        ({"class": site_class.LIVESTOCK, "fail": binding.FAIL_STOPPED}, True),
        ({"class": site_class.INDUSTRY}, True),
    ],
)
@pytest.mark.parametrize("verb", ["stop", "start"])
def test_no_command_reaches_drinking_water(county, monkeypatch, site, is_heard, verb):
    encode = binding.encode
    monkeypatch.setattr(synthetic.binding, "encode", lambda values, rows: encode(values | site, rows))
    well = SyntheticController("d", "well-d")
    county.enrol(well)
    if is_heard:
        wish(county, well, verb)
        return
    with pytest.raises(Refused, match="drinking water"):
        wish(county, well, verb)


def test_twenty_stops_an_hour_over_all_wells_and_starts_do_not_count(county, box):
    other = SyntheticController("b", "well-2")
    county.enrol(other)
    for at in range(20):
        wish(county, (box, other)[at % 2], now_s=NOW_S + at)
        starter = SyntheticController(f"s{at}", f"starter-{at}")
        county.enrol(starter)
        wish(county, starter, "start", now_s=NOW_S + at, heard=service(starter))
    with pytest.raises(Refused, match="20 remote stops in the last hour; 20 are allowed over all wells"):
        wish(county, other, now_s=NOW_S + 3599)
    wish(county, other, now_s=NOW_S + 3599, settings=Settings(remote_stop=True, stops_per_hour=21))
    wish(county, other, now_s=NOW_S + 3601)


def test_a_second_start_within_a_minute_is_not_taken_unless_the_controller_refused_the_first(county, box):
    wish(county, box, "start")
    publish(county)
    with pytest.raises(Refused, match=r"was wished 59 s ago \(number 1, by li, sent\).*again after 60 s"):
        wish(county, box, "start", now_s=NOW_S + 59)
    box.event(causes.START_REFUSED, causes.SEALED)
    answered(county, box)
    wish(county, box, "start", now_s=NOW_S + 59)
    wish(county, box, "start", now_s=NOW_S - 1)  # a clock that was set back locks nobody out
    assert [state for state, _ in shown(county)] == [table.REFUSED, table.QUEUED, table.QUEUED]


# -- what the records then show ------------------------------------------------------------


def test_a_stop_record_is_the_answer_whatever_stopped_the_pump(county, box):
    box.start()
    wish(county, box)
    publish(county)
    box.stop(100, cause=causes.REMOTE)
    answered(county, box)
    assert shown(county) == [("done", causes.REMOTE)]
    assert publish(county, NOW_S + 5) == []
    (told,) = status(county.store, county.config)["commands"]
    assert (told["verb"], told["state"], told["cause"], told["wished_by"]) == ("stop", "done", "remote", "li")


def test_a_stop_of_before_that_comes_late_is_no_answer(county, box):
    box.start()
    box.stop(100, cause=causes.BUTTON)
    box.utc_s += 3600
    wish(county, box)
    publish(county)
    answered(county, box)
    assert shown(county) == [("sent", None)]


def test_a_record_of_before_the_command_was_published_is_no_answer(county, box):
    wish(county, box)
    box.stop(100, cause=causes.BUTTON)
    answered(county, box)
    publish(county)
    assert shown(county) == [("sent", None)]


def test_a_pump_that_did_not_stop_is_never_told_as_stopped(county, box):
    wish(county, box)
    publish(county)
    box.event(causes.DID_NOT_STOP)
    answered(county, box)
    assert shown(county) == [("refused", causes.DID_NOT_STOP)]
    box.stop(0, cause=causes.REMOTE)  # the second trip
    answered(county, box)
    assert shown(county) == [("done", causes.REMOTE)]


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (lambda box: box.start(cause=causes.REMOTE), ("done", causes.REMOTE)),
        (lambda box: box.start(cause=causes.CARD), ("sent", None)),
        (
            lambda box: box.event(causes.START_REFUSED, causes.COMMAND_STALE),
            ("refused", causes.COMMAND_STALE),
        ),
        (lambda box: box.event(causes.START_REFUSED, causes.SEALED), ("refused", causes.SEALED)),
    ],
)
def test_a_start_is_told_by_its_record_or_by_why_it_was_refused(county, box, write, told):
    wish(county, box, "start")
    publish(county)
    write(box)
    answered(county, box)
    assert shown(county) == [told]


def test_what_happens_hours_later_or_after_a_restart_answers_as_it_should(county, box):
    wish(county, box, "start")
    publish(county)
    box.utc_s += 4000
    box.start(cause=causes.REMOTE)
    answered(county, box)
    assert shown(county) == [("sent", None)]


def test_a_killed_stage_reads_the_same_verdicts_again(county, box):
    wish(county, box)
    publish(county)
    box.stop(100, cause=causes.REMOTE)
    report(county, box)

    def cut(_where):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        Commands(county.sequencer, cut).step()
    assert shown(county) == [("sent", None)]
    answered(county, box)
    assert shown(county) == [("done", causes.REMOTE)]


def test_kinds_of_records_that_are_no_answers_are_none(county, box):
    wish(county, box)
    wish(county, box, "start")
    publish(county)
    box.interval(5)
    box.event(causes.DOOR_OPENED)
    box.append(record.GRANT, object_seq=1)
    answered(county, box)
    assert shown(county) == [("sent", None), ("sent", None)]
