"""A roll-out on a real store and log: acts, records that decide, a stop by itself, a person who goes on."""

import json
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, func, insert, select
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.county.acts import Deed
from karez_gateway.errors import Refused
from karez_gateway.intake.fieldlink import LinkState, Presence
from karez_gateway.store import acts, controllers, firmwares
from karez_gateway.store.schema import alarm, entry, ledger, well, well_day
from karez_gateway.updates import adding, carrier, rollout, stage, watching
from karez_gateway.updates.package import of
from karez_protocols import causes, event_details, fields, link, record, update_link
from updates import image_of, manifest_of

from .county import create, opened
from .synthetic import START_UTC_S, SyntheticController

NOW_S = START_UTC_S + 3600
DEED = Deed("li", "release 0.2.0", NOW_S)
SETTINGS = rollout.Settings(watch_s=3600)


def package(**changed):
    return of(manifest_of(image_of(), **changed), image_of(), "test")


@pytest.fixture
def county(tmp_path):
    with opened(create(tmp_path / "g")) as found:
        found.boxes = [SyntheticController(f"box{at}", f"well-{at}") for at in range(12)]
        found.enrol(*found.boxes)
        found.updates = stage.Updates(found.store, 8)
        yield found


def report(county, name, cause, found=None):
    """A box's record says what became of the update."""
    box = next(one for one in county.boxes if one.name == name)
    first = box.seq + 1
    values = {"number": None, "digest": (found or package()).sha256[:22]}
    detail = fields.pack(event_details.layout(cause), values)
    box.append(record.EVENT, cause=cause, subject=6, detail=detail)
    box.checkpoint()
    county.take(box, *box.payloads(first))
    county.work()
    while county.updates.step():
        pass


def state(county, number=1):
    with county.store.reading() as connection:
        return firmwares.get(connection, number)


def targets(county, now_s=NOW_S):
    seen = county.updates.look(now_s)
    county.updates.move(seen.moves, now_s)
    county.updates.ask_again(seen.endless, now_s)
    return [place.controller for _, places in seen.found for place in places]


def test_a_stage_passes_on_signed_records_alone_and_every_move_is_an_act(county):
    adding.add(county.store, package(), DEED, SETTINGS)
    (first,) = targets(county)
    assert targets(county) == [first]
    report(county, first, causes.UPDATE_ARMED)
    assert targets(county) == [] and state(county).stage == rollout.FIRST
    report(county, first, causes.UPDATE_KEPT)
    received_s = _done(county, first)
    targets(county, received_s + 3599)
    assert state(county).stage == rollout.FIRST
    targets(county, received_s + 3600)
    assert state(county).stage == rollout.SECOND and "1 of 1 wells" in state(county).why
    assert len(targets(county, received_s + 3600)) == 1  # 10 % of 12 are two, one has it
    with county.store.reading() as connection:
        found = acts.every(connection, adding.ADDED, stage.MOVED)
    assert [(one.sort, one.by) for one in found] == [(adding.ADDED, "li"), (stage.MOVED, "karez")]
    assert json.loads(found[1].detail)["to"] == rollout.SECOND


def _done(county, name):
    with county.store.reading() as connection:
        return next(one.done_utc_s for one in firmwares.places(connection, 1) if one.controller == name)


def test_one_that_was_given_back_stops_it_and_only_a_person_lets_it_go_on(county):
    adding.add(county.store, package(), DEED, SETTINGS)
    (first,) = targets(county)
    report(county, first, causes.UPDATE_RETURNED)
    assert targets(county) == [] and state(county).state == rollout.STOPPED
    assert "has given it back" in state(county).why
    assert targets(county, NOW_S + 10 * 86400) == []
    later_s = _done(county, first) + 60
    stage.act(county.store, 1, "resume", Deed("li", "a broken meter", later_s))
    targets(county, later_s)
    assert state(county).state == rollout.FIRST


def test_a_record_about_another_manifest_says_nothing_about_this_one(county):
    adding.add(county.store, package(), DEED, SETTINGS)
    (first,) = targets(county)
    report(county, first, causes.UPDATE_KEPT, package(number=9))  # of another manifest
    assert targets(county) == [first]


def test_what_cannot_be_added_and_what_cannot_be_done(county):
    adding.add(county.store, package(), DEED, SETTINGS)
    for found, said in (
        (package(), "is there already"),
        (package(number=6, release="x"), "does not rise"),
        (package(number=7), "withdraw it first"),
    ):
        with pytest.raises(Refused, match=said):
            adding.add(county.store, found, DEED, SETTINGS)
    with pytest.raises(Refused, match="no controller is bound to nowhere"):
        adding.add(county.store, package(board="b"), DEED, SETTINGS, ["nowhere"])
    with pytest.raises(Refused, match="resume cannot be done"):
        stage.act(county.store, 1, "resume", DEED)
    with pytest.raises(Refused, match="there is no update 9"):
        stage.act(county.store, 9, "pause", DEED)
    with pytest.raises(Refused, match="--because"):
        stage.act(county.store, 1, "pause", Deed("li", "", NOW_S))
    assert stage.act(county.store, 1, "withdraw", DEED).state == rollout.WITHDRAWN
    assert targets(county) == []
    assert adding.add(county.store, package(number=7), DEED, SETTINGS).id == 2


def test_energy_for_a_litre_is_compared_with_the_days_before_and_alarms_without_notices(county):
    """A well's own month before its restart is the measure; the day itself belongs to neither side."""
    one = adding.add(county.store, package(), DEED, SETTINGS)
    (first,) = targets(county)
    report(county, first, causes.UPDATE_KEPT)
    with county.store.writing() as connection:
        row = next(each for each in firmwares.places(connection, 1) if each.controller == first)
        index = connection.execute(select(func.min(entry.c.log_index))).scalar()
        day = (row.done_utc_s + 8 * 3600) // 86400
        for at, wh in ((day - 2, 6_000), (day, 999_999), (day + 1, 9_000)):
            values = {"site": row.site, "day": at, "energy_wh": wh, "gap_s": 0, "gap_energy_wh": 0}
            connection.execute(insert(well_day).values(**values))
            hour = (at * 86400 - 8 * 3600) // 3600 + 1
            values = {"hour_utc": hour, "method": 1, "litres": 20_000, "first_entry": index}
            connection.execute(insert(ledger).values(site=row.site, last_entry=index, **values))
        values = {"kind": "site", "subject": row.site, "line": "event:196", "state": "raised", "times": 1}
        values |= {
            "raised_utc_s": row.done_utc_s + 9,
            "last_utc_s": row.done_utc_s + 9,
            "step": 0,
            "value": 0,
        }
        connection.execute(insert(alarm).values(rule="record", severity="notice", facts=b"{}", **values))
    with county.store.reading() as connection:
        places = firmwares.places(connection, 1)
        ratios = watching.ratios(connection, one, places, 8 * 3600)
        assert ratios == {row.site: (1_500, None)}
        found = watching.sites(connection, places, ratios)
        assert not any(each.alarmed_utc_s for each in found)
    county.updates.move(county.updates.look(row.done_utc_s + 60).moves, row.done_utc_s + 60)
    assert state(county).state == rollout.STOPPED
    assert "150 % of before at the updated wells, 100 % at the others" in state(county).why


def test_a_pause_hides_nothing_and_only_a_stop_is_forgiven(county):
    adding.add(county.store, package(), DEED, SETTINGS)
    (first,) = targets(county)
    stage.act(county.store, 1, "pause", DEED)
    report(county, first, causes.UPDATE_RETURNED)
    later_s = _done(county, first) + 60
    assert stage.act(county.store, 1, "resume", Deed("li", "harvest is in", later_s)).resumed_utc_s == 0
    assert targets(county, later_s) == [] and state(county).state == rollout.STOPPED
    assert "has given it back" in state(county).why
    one = stage.act(county.store, 1, "resume", Deed("li", "a broken meter", later_s + 60))
    assert one.resumed_utc_s == later_s + 60
    (second,) = targets(county, later_s + 60)
    assert second != first  # and it goes on with the next well, not for ever with this one


def test_a_trial_without_an_end_is_asked_again_if_the_box_is_alive(county):
    adding.add(county.store, package(), DEED, SETTINGS)
    (first,) = targets(county)
    report(county, first, causes.UPDATE_ARMED)
    begun_s = _done(county, first)
    over_s = begun_s + stage.TRIAL_S
    assert targets(county, over_s) == []  # not heard since: silence stops it, no question does
    with county.store.reading() as connection:
        site = next(one.site for one in firmwares.places(connection, 1) if one.controller == first)
    say(county, site, begun_s + 60)
    assert targets(county, over_s - 1) == [] and targets(county, over_s) == []
    assert targets(county, over_s) == [first]
    with county.store.reading() as connection:
        one = next(one for one in firmwares.places(connection, 1) if one.controller == first)
    assert one.state == rollout.WAITING and "no end was heard" in one.reason and one.done_utc_s is None


def say(county, site, received_s):
    """A good record of a site was received."""
    with county.store.writing() as connection:
        index = connection.execute(select(func.min(entry.c.log_index))).scalar()
        box = next(one for one in controllers.everyone(connection) if one.site == site)
        values = {"controller_id": box.id, "chain": 1, "issued_utc_s": 1, "utc_s": received_s, "alarms": 0}
        values |= {"received_utc_s": received_s, "log_index": index}
        connection.execute(delete(well).where(well.c.site == site))
        connection.execute(insert(well).values(site=site, **values))


def test_what_was_tried_at_one_site_goes_on_to_the_others(county):
    """The number is not burnt: the same update added again is for the wells that it was not for."""
    adding.add(county.store, package(), DEED, SETTINGS, ["well-7"])
    (first,) = targets(county)
    with pytest.raises(Refused, match="is there already: number 1"):
        adding.add(county.store, package(), DEED, SETTINGS, ["well-7"])
    report(county, first, causes.UPDATE_KEPT)
    over_s = _done(county, first) + SETTINGS.watch_s
    for _ in range(3):
        targets(county, over_s)
    assert state(county).state == rollout.DONE
    again = Deed("li", "for all", over_s)
    one = adding.add(county.store, package(), again, rollout.Settings(watch_s=7200))
    assert (one.id, one.state, one.settings["watch_s"], one.since_utc_s) == (1, rollout.FIRST, 7200, over_s)
    with county.store.reading() as connection:
        places = firmwares.places(connection, 1)
    order = rollout.order(package().sha256, dict.fromkeys((box.name for box in county.boxes), False))
    assert [each.controller for each in places] == order
    assert {each.controller for each in places if each.state == rollout.KEPT} == {first}
    stage.act(county.store, 1, "withdraw", again)
    with pytest.raises(Refused, match="is there already: number 1, withdrawn"):
        adding.add(county.store, package(), DEED, SETTINGS)


def test_alarms_of_people_and_doors_are_none_of_a_check(county):
    adding.add(county.store, package(), DEED, SETTINGS)
    lines = {"well-0": "event:180", "well-1": "alarm:9", "well-2": "event:191", "well-3": "alarm:16"}
    with county.store.writing() as connection:
        for site, line in lines.items():
            values = {"kind": "site", "subject": site, "line": line, "state": "raised", "times": 1}
            values |= {"raised_utc_s": NOW_S, "last_utc_s": NOW_S, "step": 0, "value": 0, "facts": b"{}"}
            connection.execute(insert(alarm).values(rule="record", severity="warning", **values))
        found = watching.sites(connection, firmwares.places(connection, 1), {})
    assert {one.site for one in found if one.alarmed_utc_s} == {"well-1", "well-3"}


def test_energy_is_held_against_the_others_over_the_same_days(county):
    """A dry week raises the energy for a litre everywhere; after a stop only later days count."""
    one = adding.add(county.store, package(), DEED, SETTINGS)
    report(county, targets(county)[0], causes.UPDATE_ARMED)
    day = NOW_S // 86400
    with county.store.writing() as connection:
        places = firmwares.places(connection, 1)
        done = {"state": rollout.KEPT, "done_utc_s": day * 86400}
        firmwares.mark(connection, 1, places[0].controller_id, done)
        for place in places[:4]:
            energies(connection, place.site, {day - 40: 9, day - 3: 10, day: 90, day + 1: 13, day + 5: 15})
        places = firmwares.places(connection, 1)
        updated = places[0].site
        assert watching.ratios(connection, one, places, 0) == {updated: (1_400, 1_400)}
        resumed = one._replace(resumed_utc_s=(day + 3) * 86400)
        assert watching.ratios(connection, resumed, places, 0) == {updated: (1_500, 1_500)}
        # Another that was updated before has days of its own, and the month before them is no more than that.
        firmwares.mark(connection, 1, places[1].controller_id, done | {"done_utc_s": (day - 12) * 86400})
        places = firmwares.places(connection, 1)
        both = {updated: (1_400, 1_400), places[1].site: (3_555, 3_555)}
        assert watching.ratios(connection, one, places, 0) == both
        late = one._replace(resumed_utc_s=(day + 5) * 86400)
        assert watching.ratios(connection, late, places, 0) == {}


def energies(connection, site, kwh):
    """20 m³ on each day, and so much energy."""
    index = connection.execute(select(func.min(entry.c.log_index))).scalar()
    for day, energy in kwh.items():
        values = {"site": site, "day": day, "energy_wh": 1000 * energy, "gap_s": 0, "gap_energy_wh": 0}
        connection.execute(insert(well_day).values(**values))
        values = {"site": site, "hour_utc": day * 24, "method": 1, "litres": 20_000, "first_entry": index}
        connection.execute(insert(ledger).values(**values, last_entry=index))


class Broker:
    """A link whose boxes are all online; `answer` may say something to each step."""

    def __init__(self, names):
        online = Presence(NOW_S, {"online": 1})
        self.state = LinkState("connected", dict.fromkeys(names, online))
        self.is_connected, self.sent = True, []

    async def publish(self, name, payload):
        self.sent.append((name, payload))
        return True


async def test_a_window_bounds_who_is_sent_to_and_progress_survives_the_process(county, monkeypatch):
    monkeypatch.setattr(carrier.hostclock, "utc_s", lambda: NOW_S)
    monkeypatch.setattr(carrier, "WINDOW", 3)
    adding.add(county.store, package(), DEED, SETTINGS)
    with county.store.writing() as connection:
        firmwares.move(connection, 1, {"state": rollout.REST, "stage": rollout.REST})

    async def run(function, *words):
        return function(*words)

    broker = Broker([one.name for one in county.boxes])
    one = carrier.UpdateCarrier(county.updates, SimpleNamespace(run=run))
    await one.carry(broker, 0.0)
    await one.carry(broker, 0.5)
    names = [name for name, _ in broker.sent]
    assert len(names) == len(set(names)) == 3
    one.heard(names[0], b"junk")
    one.heard("a stranger", b"")
    values = {
        "version": 1, "state": 2, "is_wanted": 0, "number": 6, "index": 1, "offset": 0,
        "update": package().sha256[:8], "reason": "",
    }  # fmt: skip
    one.heard(names[0], fields.pack(update_link.STATUS, values))
    one.heard(names[1], fields.pack(update_link.STATUS, values | {"reason": "refused: wrong board: it is"}))
    await one.carry(broker, 1.0)
    with county.store.reading() as connection:
        kept = {each.controller: (each.state, each.chunks) for each in firmwares.places(connection, 1)}
    assert kept[names[0]] == (rollout.SENDING, 1) and kept[names[1]][0] == rollout.OTHER_BOARD
    again = carrier.UpdateCarrier(stage.Updates(county.store, 8), SimpleNamespace(run=run))
    other = Broker([one.name for one in county.boxes])
    await again.carry(other, 0.0)
    assert other.sent[0][0] == names[0]  # who had begun goes first
    assert link.decode_down(other.sent[0][1])[0] == link.UPDATE
    await again.carry(other, 200.0)
    stage.act(county.store, 1, "pause", DEED)
    sent = len(other.sent)
    await again.carry(other, 300.0)
    await again.carry(other, 400.0)
    assert {update_link.decode(link.decode_down(data)[1])[0]["step"] for _, data in other.sent[sent:]} == {
        update_link.DROP
    }
    assert {name for name, _ in other.sent[sent:]} <= set(names) | {name for name, _ in other.sent[:sent]}


def answer(step, **changed):
    """What a box says to a step."""
    values = {
        "version": 1, "state": 3, "is_wanted": 0, "number": 6, "index": 2, "offset": 0,
        "update": update_link.decode(link.decode_down(step)[1])[0]["update"], "reason": "",
    } | changed  # fmt: skip
    return fields.pack(update_link.STATUS, values)


async def test_a_stop_takes_back_what_waits_for_its_restart_until_the_box_says_so(county, monkeypatch):
    monkeypatch.setattr(carrier.hostclock, "utc_s", lambda: NOW_S)
    adding.add(county.store, package(), DEED, SETTINGS)
    with county.store.writing() as connection:
        firmwares.move(connection, 1, {"state": rollout.REST, "stage": rollout.REST})
        boxes = {one.controller: one.controller_id for one in firmwares.places(connection, 1)}
        wanted, sending, waiting, kept, other = list(boxes)[:5]
        for name, begun, chunks in (
            (wanted, rollout.WANTED, 2), (sending, rollout.SENDING, 0), (waiting, rollout.WAITING, 1),
            (kept, rollout.KEPT, 2), (other, rollout.OTHER_BOARD, 0),
        ):  # fmt: skip
            row = {"state": begun, "chunks": chunks, "next_try_utc_s": NOW_S + 3600}
            firmwares.mark(connection, 1, boxes[name], row)

    async def run(function, *words):
        return function(*words)

    one, broker = carrier.UpdateCarrier(county.updates, SimpleNamespace(run=run)), Broker(boxes)
    del broker.state.presence[sending]  # it is offline
    stage.act(county.store, 1, "pause", DEED)
    await one.carry(broker, 0.0)
    sent = dict(broker.sent)
    assert set(sent) == {wanted, waiting}
    assert {update_link.decode(link.decode_down(data)[1])[0]["step"] for data in sent.values()} == {
        update_link.DROP
    }
    one.heard(wanted, answer(sent[wanted], is_wanted=1, reason="busy: the pump runs"))
    one.heard(waiting, answer(sent[waiting], state=0))
    await one.carry(broker, 1.0)
    await one.carry(broker, 2.0)
    assert len(broker.sent) == 2
    broker.state.presence[sending] = broker.state.presence[kept]
    await one.carry(broker, 90.0)
    assert {name for name, _ in broker.sent[2:]} == {wanted, sending}
    for name, data in broker.sent[2:]:
        one.heard(name, answer(data, state=0, reason="busy: the pump runs"))
    await one.carry(broker, 91.0)
    with county.store.reading() as connection:
        found = {each.controller: (each.state, each.chunks) for each in firmwares.places(connection, 1)}
    assert [found[name] for name in (wanted, sending, waiting, kept, other)] == [
        (rollout.WAITING, 0), (rollout.WAITING, 0), (rollout.WAITING, 0), (rollout.KEPT, 2),
        (rollout.OTHER_BOARD, 0),
    ]  # fmt: skip
    await one.carry(broker, 300.0)
    assert len(broker.sent) == 4  # once it is gone nothing more is sent


async def test_a_cable_is_left_alone_for_an_hour_after_its_last_chunk(county, monkeypatch):
    monkeypatch.setattr(carrier.hostclock, "utc_s", lambda: NOW_S)
    monkeypatch.setattr(carrier, "LATER_S", 0)
    adding.add(county.store, package(), DEED, SETTINGS, ["well-3"])

    async def run(function, *words):
        return function(*words)

    one, broker = carrier.UpdateCarrier(county.updates, SimpleNamespace(run=run)), Broker(["box3"])
    broker.state.presence = {each.name: Presence(NOW_S, {"online": 1}) for each in county.boxes}
    steps = []
    for mono_s, index in ((0.0, 4), (60.0, 5), (3600.0, 5), (3661.0, 5)):
        await one.carry(broker, mono_s)
        name, step = broker.sent[-1]
        steps.append(update_link.decode(link.decode_down(step)[1])[0]["step"])
        one.heard(name, answer(step, state=2, index=index, update=b"cablecab"))
        await one.carry(broker, mono_s + 1)
        steps += [update_link.decode(link.decode_down(broker.sent[-1][1])[1])[0]["step"]]
    assert steps == [update_link.ASK] * 7 + [update_link.PUT]
    assert len(broker.sent) == 5


def test_the_verbs_on_a_data_directory(tmp_path):
    box = SyntheticController("box", "well-1")
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "image.romfs").write_bytes(image_of())

    def run(*words, ok=0):
        done = CliRunner().invoke(app, ["update", *map(str, words), "--data", str(tmp_path / "g")])
        assert done.exit_code == ok, done.output
        return done.output

    for junk in (None, b"", b"\x00\xff" * 700, b"\xff" * 70_000):
        if junk is not None:
            (folder / "update.signed").write_bytes(junk)
        said = run("add", folder, "--because", "x", ok=2)
        assert "karez gateway:" in said and "Traceback" not in said
    (folder / "update.signed").write_bytes(manifest_of(image_of(seed=4)))
    assert "not the one that the manifest names" in run("add", folder, "--because", "x", ok=2)
    (folder / "update.signed").write_bytes(manifest_of(image_of()))
    assert "begins at 1 % of the wells" in run("add", folder, "--because", "release", "--by", "li")
    (row,) = json.loads(run("list", "--json"))
    assert (row["state"], row["number"], row["settings"]["watch_s"]) == ("first", 6, 72 * 3600)
    assert "release" in run("list") and "well-1" in run("status", 1)
    assert "there is no update 7" in run("status", 7, ok=2)
    run("status", 10**30, ok=2)
    assert "0 of 1 wells of the stage run it, 1 are needed" in run("status", 1)
    assert "update 1 is paused" in run("pause", 1, "--because", "harvest", "--by", "li")
    assert "it waits for a person: karez gateway update resume 1" in run("status", 1)
    assert "update 1 is first" in run("resume", 1, "--because", "harvest is in", "--by", "li")
    assert "update 1 is withdrawn" in run("withdraw", 1, "--because", "0.2.1", "--by", "li")
