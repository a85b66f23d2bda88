"""Many platforms, many wells: mapping, pause, resend, outages. Each queue is its own affair."""

import asyncio
import dataclasses
import datetime as dt
import hashlib
import json

import pytest

from karez_gateway.entries import neworigin
from karez_gateway.errors import Refused
from karez_gateway.proofs import evidence
from karez_gateway.store import bindings, controllers, outboxes, uploadactions
from karez_gateway.uploads import NoConfirm, Receipt, mqtt_json, szy206
from karez_gateway.uploads import acts as uploadacts
from karez_gateway.uploads.outbox import Outbox, place_in
from karez_gateway.uploads.sender import Sender
from karez_gateway.uploads.stations import Stations
from karez_gateway.uploads.status import everything
from karez_gateway.worker import Worker
from karez_protocols import entry
from karez_simulators.platform_asks import Ask
from karez_simulators.platform_sl651 import PlatformSl651
from karez_simulators.platform_szy206 import PlatformSzy206

from .county import create, opened
from .json_platform import JsonPlatform
from .synthetic import INTERVAL_S, START_UTC_S, SyntheticController
from .uploading import ADDRESS, counts, destination, fed, sending, until

OTHER = "4101050101"
EACH_DAY = 8  # reports of a well
PERSON = uploadacts.Person("li", "maintenance")


def two_wells(intervals=2):
    one, two = SyntheticController("a", "well-1"), SyntheticController("b", "well-2")
    one.irrigate(intervals)
    two.irrigate(intervals + 1)
    return one, two


def later(county, box, intervals, litres=100):
    """More records of a well, taken and verified."""
    first = box.seq + 1
    for _ in range(intervals):
        box.interval(litres)
    county.take(box, *box.payloads(first))
    county.work()


def configured(county, *destinations):
    """The county's configuration with these destinations."""
    return county.config.model_copy(update={"destination": tuple(destinations)})


def shown(county, *destinations):
    return {one["name"]: one for one in everything(county.store, configured(county, *destinations))}


async def test_many_wells_go_to_one_platform_each_under_its_own_address(tmp_path):
    one, two = two_wells()
    async with PlatformSzy206() as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, one, two)
            to = destination(platform, stations={one.site: ADDRESS, two.name: OTHER.lower()})
            async with sending(county, to):
                await until(lambda: counts(county) == {"confirmed": 3 + 4})
        found = {}
        for report in platform.reports:
            found.setdefault(report.address.hex(), []).append(report.volume_m3)
    assert found == {ADDRESS: [1004, 1008, 1012], OTHER: [1004, 1008, 1012, 1016]}


async def test_a_well_without_an_address_is_shown_and_gets_everything_once_it_is_named(tmp_path):
    one, two = two_wells()
    async with PlatformSzy206() as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, one, two)
            before = destination(platform, stations={one.site: ADDRESS, "wel-2": OTHER})
            async with sending(county, before) as senders:
                await until(lambda: counts(county) == {"confirmed": 3})
                await senders.worker.run(later, county, two, 2)
                await senders.queue()
            facts = shown(county, before)["county"]
            assert facts["without_address"] == ["well-2"] and facts["unknown_stations"] == ["wel-2"]
            after = destination(platform, stations={one.site: ADDRESS, two.site: OTHER})
            async with sending(county, after) as senders:
                await until(lambda: counts(county) == {"confirmed": 3 + 4 + 2})
                await senders.worker.run(later, county, two, 1)
                await senders.queue()
                await until(lambda: counts(county) == {"confirmed": 10})
            assert shown(county, after)["county"]["without_address"] == []
            assert shown(county, after)["county"]["remainder_l"] == {two.name: 300}
            (action,) = shown(county, after)["county"]["actions"]
            assert (action["verb"], action["controller"], action["reports"]) == ("backfill", two.name, 6)
            assert action["because"] == f"it has address {OTHER} now" and not action["is_open"]
        volumes = [one.volume_m3 for one in platform.reports if one.address.hex() == OTHER]
        assert volumes == [1004, 1008, 1012, 1016, 1016, 1016, 1016]
        assert all(one.copies == 1 for one in platform.reports)


async def test_reports_of_a_well_whose_address_was_taken_away_wait_and_let_others_pass(tmp_path):
    one, two = two_wells()
    platform = PlatformSzy206()
    await platform.start()
    await platform.stop()
    with opened(create(tmp_path / "g")) as county:
        fed(county, one, two)
        both = destination(platform, stations={one.site: ADDRESS, two.site: OTHER})
        while Outbox(county.sequencer, both).step():
            pass
        assert counts(county) == {"waiting": 7}
        await platform.start()
        async with sending(county, destination(platform, stations={two.site: OTHER})):
            await until(lambda: counts(county) == {"waiting": 3, "confirmed": 4})
        async with sending(county, both):
            await until(lambda: counts(county) == {"confirmed": 7})
    await platform.stop()


def test_a_site_keeps_its_address_when_its_controller_is_replaced(tmp_path):
    old, new = SyntheticController("a", "well-1"), SyntheticController("b", "well-1")
    with opened(create(tmp_path / "g")) as county:
        county.enrol(old, new)
        with county.store.reading() as connection:
            wells = outboxes.wells(connection)
    at = dataclasses.make_dataclass("At", ["host", "port"])("127.0.0.1", 1)
    for to in (destination(at), destination(at, stations={"well-1": ADDRESS})):
        stations = Stations(to, wells)
        assert set(stations.addresses.values()) == {ADDRESS} and len(stations.addresses) == 2
        assert stations.held == "" and stations.without == []
    own = Stations(destination(at, stations={"well-1": ADDRESS, new.name: OTHER}), wells)
    assert sorted(own.addresses.values()) == [ADDRESS, OTHER]
    own_names = Stations(destination(at, kind="mqtt-json"), wells)
    assert set(own_names.addresses.values()) == {"well-1"}
    gone = outboxes.Well(9, "00" * 8, "well-9")
    assert "2 wells would report under one address" in Stations(destination(at), [*wells, gone]).held
    alone = Stations(destination(at), [*wells, gone], revoked={9})
    assert alone.held == "" and alone.address_of((9, 1)) is None and alone.without == []


async def test_a_record_belongs_to_the_well_at_which_its_chain_began(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(2)
    async with PlatformSzy206() as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            with county.store.writing() as connection:
                owner = controllers.find(connection, box.name)
                moved = dataclasses.replace(owner, site="well-9")
                why = {"until_utc_s": 5, "rebound_by": "li", "because": "moved"}
                bindings.rebind(connection, owner, 1, moved, **why)
            async with sending(county, destination(platform)):  # one well, and it is another one
                pass
            assert counts(county) == {}
            to = destination(platform, stations={"well-9": OTHER, "well-1": ADDRESS})
            assert shown(county, to)["county"]["unknown_stations"] == []
            async with sending(county, to):
                await until(lambda: counts(county) == {"confirmed": 3})
        assert {one.address.hex() for one in platform.reports} == {ADDRESS}


async def test_a_paused_platform_gets_nothing_and_a_restart_does_not_resume_it(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(1)
    directory = create(tmp_path / "g")
    async with PlatformSzy206() as platform, PlatformSzy206() as other:
        to = destination(platform), destination(other, "city")
        with opened(directory) as county:
            fed(county, box)
            uploadacts.pause(county.store, configured(county, *to), "county", PERSON)
            async with sending(county, *to) as (paused, _):
                await until(lambda: counts(county, "city") == {"confirmed": 2} and paused.is_paused)
        with opened(directory) as county:
            config = configured(county, *to)
            with pytest.raises(Refused, match="paused already, since"):
                uploadacts.pause(county.store, config, "county", PERSON)
            async with sending(county, *to) as senders:
                await senders.worker.run(later, county, box, 3)
                await senders.queue()
                await until(lambda: counts(county, "city") == {"confirmed": 5})
                assert counts(county) == {"waiting": 5} and platform.reports == []
                facts = shown(county, *to)["county"]
                assert facts["state"] == "paused" and facts["waiting"] == 5
                assert (facts["paused"]["wished_by"], facts["paused"]["because"]) == ("li", "maintenance")
                uploadacts.resume(county.store, config, "county", uploadacts.Person("wang"))
                await senders.poke()
                await until(lambda: counts(county) == {"confirmed": 5})
            with pytest.raises(Refused, match="county is not paused"):
                uploadacts.resume(county.store, config, "county", PERSON)
            acts = [(one["verb"], one["wished_by"]) for one in shown(county, *to)["county"]["actions"]]
            assert acts == [("resume", "wang"), ("pause", "li")]
        assert [one.copies for one in platform.reports] == [1] * 5


async def test_a_pause_ends_the_connection_and_the_wait_for_another_try(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(1)
    async with PlatformSzy206() as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            to = destination(platform)
            async with sending(county, to) as senders:
                await until(lambda: counts(county) == {"confirmed": 2})
                uploadacts.pause(county.store, configured(county, to), "county", PERSON)
                await senders.poke()
                await until(lambda: [one.kind for one in platform.links][-1:] == [0xF1])  # logged out
                assert not senders[0].is_up


async def test_a_station_stays_on_the_line_with_nothing_to_report(tmp_path, monkeypatch):
    monkeypatch.setattr("karez_gateway.uploads.sender.LOOK_S", 0.05)
    box = SyntheticController("a", "well-1")
    platform = PlatformSzy206()
    await platform.start()
    with opened(create(tmp_path / "g")) as county:
        async with sending(county, destination(platform)) as senders:
            await senders.poke()
            assert platform.links == []  # nobody is enrolled who could speak
            await senders.worker.run(county.enrol, box)
            await senders.poke()
            await until(lambda: len(platform.links) == 1)
            await platform.stop()
            await platform.start()
            senders[0].poke()
            await until(lambda: len(platform.links) == 2)
            assert {one.address.hex() for one in platform.links} == {ADDRESS}
    await platform.stop()


async def test_an_error_of_ours_concerns_one_report_and_not_the_gateway(tmp_path, monkeypatch):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    made = szy206.report_of

    def poor(slot, *facts):
        if int.from_bytes(slot[4:8], "little") == 3:
            raise KeyError("surprise")
        return made(slot, *facts)

    questions = []

    async def answers(asked):
        questions.append(asked)
        raise KeyError("surprise")

    monkeypatch.setattr(szy206, "report_of", poor)
    async with PlatformSzy206(script=[Ask("clock")]) as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            async with sending(county, destination(platform)) as senders:
                senders[0]._on_request = answers
                await until(lambda: counts(county) == {"confirmed": 3, "refused": 1} and questions)
                monkeypatch.undo()
                span = {"from_utc_s": START_UTC_S, "to_utc_s": START_UTC_S + 86_400}
                config = configured(county, destination(platform))
                uploadacts.resend(county.store, config, "county", PERSON, controller=box.name, **span)
                await senders.poke()
                await until(lambda: counts(county) == {"confirmed": 7, "refused": 1})
        assert len(platform.reports) == 4


async def test_a_range_is_sent_again_with_receipts_of_its_own_and_counts_once_at_the_platform(tmp_path):
    one, two = two_wells(5)
    async with PlatformSzy206() as platform, JsonPlatform() as other:
        with opened(create(tmp_path / "g")) as county:
            fed(county, one, two)
            to = destination(platform, stations={one.site: ADDRESS, two.site: OTHER})
            city = destination(other, "city", kind="mqtt-json", records=["interval", "stop"])
            config = configured(county, to, city)
            async with sending(county, to, city) as senders:
                await until(lambda: counts(county) == counts(county, "city") == {"confirmed": 6 + 7})
                first = START_UTC_S + 10 + INTERVAL_S
                span = {"from_utc_s": first, "to_utc_s": first + 2 * INTERVAL_S}
                for name in ("county", "city"):
                    uploadacts.resend(county.store, config, name, PERSON, controller=one.name, **span)
                await senders.poke()
                await until(lambda: counts(county) == counts(county, "city") == {"confirmed": 13 + 2})
                uploadacts.resend(county.store, config, "county", PERSON, **span)
                await senders.poke()
                await until(lambda: counts(county) == {"confirmed": 13 + 2 + 4})
            copies = {(each.address.hex(), each.volume_m3): each.copies for each in platform.reports}
            assert len(platform.reports) == 13 and not any(each.is_contradicted for each in platform.reports)
            again = {key for key, count in copies.items() if count > 1}
            assert again == {(ADDRESS, 1004), (ADDRESS, 1008), (OTHER, 1004), (OTHER, 1008)}
            assert copies[ADDRESS, 1004] == 3 and copies[OTHER, 1004] == 2
            assert len(other.reports) == 13 and sorted(other.copies.values()) == [1] * 11 + [2] * 2
            # Every receipt is in the log, the old ones too, and the bundle proves all of them.
            found = evidence.export(county.store, county.config, controller=one.name)
            assert found.receipts == 6 * 2 + 2 + 2 + 2
            acts = shown(county, to, city)["county"]["actions"]
            assert [(act["reports"], act["is_open"], act["controller"]) for act in acts] == [
                (4, False, None),
                (2, False, one.name),
            ]


async def test_what_waits_is_not_queued_again_and_new_reports_go_before_old_ones(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    platform = PlatformSzy206()
    await platform.start()
    await platform.stop()
    span = {"from_utc_s": START_UTC_S, "to_utc_s": START_UTC_S + 86_400}
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        to = destination(platform)
        outbox = Outbox(county.sequencer, to)
        while outbox.step():
            pass
        uploadacts.resend(county.store, configured(county, to), "county", PERSON, **span)
        while outbox.step():
            pass
        assert counts(county) == {"waiting": 4}
        await platform.start()
        async with sending(county, to):
            await until(lambda: counts(county) == {"confirmed": 4})
        uploadacts.resend(county.store, configured(county, to), "county", PERSON, **span)
        while outbox.step():
            pass
        later(county, box, 2)
        while outbox.step():
            pass
        turn = outbox.following()
        assert [subject.seq for _, subject in turn.reports] == [8, 9, 2, 3, 4, 5]
    await platform.stop()


def test_what_cannot_be_sent_again_is_refused_with_what_to_do(tmp_path):
    box = SyntheticController("a", "well-1")
    at = dataclasses.make_dataclass("At", ["host", "port"])("127.0.0.1", 1)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        config = configured(county, destination(at, stations={"other": ADDRESS}))
        for name, span, controller, says in [
            ("county", (5, 5), "", "the first must be earlier"),
            ("city", (1, 5), "", "there is no platform city; there are: county"),
            ("county", (1, 5), "00" * 8, "is not enrolled"),
            ("county", (1, 5), box.name, "has no address at county: name it in gateway.toml"),
        ]:
            with pytest.raises(Refused, match=says):
                uploadacts.resend(
                    county.store, config, name, PERSON, from_utc_s=span[0], to_utc_s=span[1],
                    controller=controller,
                )  # fmt: skip
    assert uploadacts.time_of("2026-11-15") == uploadacts.time_of("2026-11-15T08:00+08:00")
    for text in ("yesterday", "2026-13-01", ""):
        with pytest.raises(Refused, match="write 2026-11-15"):
            uploadacts.time_of(text)
    with pytest.raises(Refused, match="in one line"):
        uploadacts.Person("li", "two\nlines")


async def test_a_resend_of_a_long_time_goes_on_after_a_restart(tmp_path, monkeypatch):
    monkeypatch.setattr("karez_gateway.uploads.outbox.SLICE", 7)
    box = SyntheticController("a", "well-1")
    box.irrigate(30)
    directory = create(tmp_path / "g")
    async with PlatformSzy206() as platform:
        to = destination(platform)
        with opened(directory) as county:
            fed(county, box)
            async with sending(county, to):
                await until(lambda: counts(county) == {"confirmed": 31})
            span = {"from_utc_s": 0, "to_utc_s": START_UTC_S + 86_400}
            uploadacts.resend(county.store, configured(county, to), "county", PERSON, **span)
            outbox = Outbox(county.sequencer, to)
            assert outbox.step() and outbox.step() and outbox.step()
            assert 0 < counts(county)["waiting"] < 31
        with opened(directory) as county:
            async with sending(county, to):
                await until(lambda: counts(county) == {"confirmed": 62})
            (act,) = shown(county, to)["county"]["actions"]
            assert act["reports"] == 31 and not act["is_open"]


async def test_interval_records_are_thinned_and_records_of_before_a_time_stay_here(tmp_path):
    box = SyntheticController("a", "well-1")
    box.start()
    for _ in range(24):  # two hours
        box.interval(100)
    box.stop(7)
    since = dt.datetime.fromtimestamp(START_UTC_S + 3600, dt.UTC)
    async with PlatformSzy206() as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            hourly = destination(platform, "hourly", every_s=3600)
            new = destination(platform, "new", since=since, records=["interval"])
            async with sending(county, hourly, new):
                await until(lambda: counts(county, "hourly").get("confirmed") == 4)
                await until(lambda: counts(county, "new").get("confirmed") == 13)
            later(county, box, 1)
            outbox = Outbox(county.sequencer, hourly)  # a restart does not begin a period anew
            while outbox.step():
                pass
            assert counts(county, "hourly") == {"confirmed": 4}


class Picky(PlatformSzy206):
    """Says nothing to a station that it does not know."""

    unknown = bytes.fromhex(OTHER)

    def take(self, frame, raw, link):
        if frame.address != self.unknown:
            super().take(frame, raw, link)


async def test_a_station_that_the_platform_does_not_know_holds_up_no_other(tmp_path):
    one, two = two_wells(3)
    async with Picky() as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, one, two)
            to = destination(platform, stations={two.site: OTHER, one.site: ADDRESS}, address=ADDRESS)
            to = to.model_copy(update={"timeout_s": 0.1})
            async with sending(county, to) as senders:
                await until(lambda: counts(county).get("confirmed") == 4)
                await until(lambda: senders[0].facts["aside"] == 1)
                with county.store.reading() as connection:
                    assert "did not confirm" in outboxes.last_reason(connection, "county")
                platform.unknown = None
                await senders.worker.run(later, county, one, 1)
                await senders.poke()
                await until(lambda: counts(county) == {"confirmed": 4 + 5 + 1})
                assert senders[0].facts["aside"] == 0


async def test_a_report_that_the_platform_will_not_have_is_passed_over_and_can_be_sent_again(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(2)
    async with JsonPlatform() as platform:
        platform.refuses = {"start": "no starts here"}
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            to = destination(platform, kind="mqtt-json")
            async with sending(county, to) as senders:
                await until(lambda: counts(county) == {"confirmed": 3, "refused": 1})
                (refusal,) = shown(county, to)["county"]["refusals"]
                assert (refusal["controller"], refusal["seq"]) == (box.name, 1)
                assert refusal["reason"] == "the platform does not take it: no starts here"
                platform.refuses = {}
                span = {"from_utc_s": START_UTC_S, "to_utc_s": START_UTC_S + 86_400}
                uploadacts.resend(county.store, configured(county, to), "county", PERSON, **span)
                await senders.poke()
                await until(lambda: counts(county) == {"confirmed": 7, "refused": 1})
        assert sorted(one["record"] for one in platform.reports.values()) == [
            "interval",
            "interval",
            "start",
            "stop",
        ]


async def test_a_receipt_too_long_for_the_log_is_no_crash(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(1)
    at = dataclasses.make_dataclass("At", ["host", "port"])("127.0.0.1", 1)
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        outbox = Outbox(county.sequencer, destination(at))
        while outbox.step():
            pass
        reports = [one for one, _ in outbox.following().reports]
        outbox.confirmed(
            [(reports[0], Receipt(b"x" * 1500, b"y" * 600, 5)), (reports[1], Receipt(b"x", b"y", 6))]
        )
        assert counts(county) == {"confirmed": 1, "refused": 1}
        outbox.confirmed([(reports[1], Receipt(b"x", b"y", 6))])  # twice is a programming error; figures hold
        assert counts(county) == {"confirmed": 1, "refused": 1}


async def test_seven_days_without_one_of_three_platforms_cost_the_others_nothing(tmp_path):
    one, two = SyntheticController("a", "well-1"), SyntheticController("b", "well-2")
    stations = {one.site: ADDRESS, two.site: OTHER}
    both = 2 * EACH_DAY
    dead = PlatformSl651()
    await dead.start()
    await dead.stop()
    async with PlatformSzy206() as county_platform, JsonPlatform() as province:
        with opened(create(tmp_path / "g")) as county:
            county.enrol(one, two)
            to = (
                destination(county_platform, level="county", stations=stations),
                destination(dead, "city", level="city", kind="sl651", stations=stations),
                destination(province, "province", level="province", kind="mqtt-json", every_s=3600),
            )
            async with sending(county, *to) as senders:
                for day in range(1, 8):
                    for box in (one, two):
                        first = box.seq + 1
                        for _ in range(EACH_DAY):
                            box.interval(50, after_s=86_400 // EACH_DAY)
                        await senders.worker.run(county.take, box, *box.payloads(first))
                    await senders.worker.run(county.work)
                    await senders.queue()
                    await until(lambda day=day: counts(county) == {"confirmed": both * day})
                    await until(lambda day=day: counts(county, "province") == {"confirmed": both * day})
                    assert counts(county, "city") == {"waiting": both * day}
                # It may have failed with nothing to send yet, and be waiting: a reason is kept with a report.
                senders[1].poke()
                await until(lambda: shown(county, *to)["city"]["problem"])
                facts = shown(county, *to)["city"]
                assert facts["waiting"] == both * 7 and facts["level"] == "city"
                assert "no connection to" in facts["problem"] and facts["receipt"] is None
                assert facts["oldest_age_s"] > 0
                booked = sum(county.litres().values())
                await dead.start()
                senders[1].poke()
                await until(lambda: counts(county, "city") == {"confirmed": both * 7})
            assert booked == both * 7 * 50
            totals = [report.quantities["total_l"] for report in dead.reports]
            assert len(totals) == both * 7 and all(report.copies == 1 for report in dead.reports)
            assert len(county_platform.reports) == len(province.reports) == both * 7
            kinds = [county.sequencer.log.entry(at)[1] for at in range(county.sequencer.log.size)]
            assert kinds.count(entry.UPLOAD) == 3 * both * 7
    await dead.stop()


def test_a_document_names_the_log_that_holds_its_record_also_after_a_new_origin(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(2)
    directory = create(tmp_path / "g")
    at = dataclasses.make_dataclass("At", ["host", "port"])("127.0.0.1", 1)
    with opened(directory) as county:
        fed(county, box)
    size = box.seq
    neworigin.open_new(county.config, "a disk failed")
    with opened(directory) as county:
        later(county, box, 1)
        place = place_in(county.config, county.sequencer)
        outbox = Outbox(county.sequencer, destination(at, kind="mqtt-json"), place=place)
        while outbox.step():
            pass
        documents = [json.loads(mqtt_json.document(one)) for _, one in outbox.following().reports]
        log = county.sequencer.log
        for each in documents:
            evidence_of = each["evidence"]
            is_new = evidence_of["seq"] > size
            assert evidence_of["log_origin"] == ("karez.test/county.2" if is_new else "karez.test/county")
            body = log.entry(evidence_of["log_index"]) if is_new else None
            if body is not None:
                assert hashlib.sha256(b"\0" + body).hexdigest() == evidence_of["leaf_sha256"]
        assert [one["evidence"]["log_index"] for one in documents] == [0, 1, 2, 3, 1]


def test_a_well_waits_longer_only_while_others_get_confirms(tmp_path):
    box = SyntheticController("a", "well-1")
    at = dataclasses.make_dataclass("At", ["host", "port"])("127.0.0.1", 1)
    with opened(create(tmp_path / "g")) as county:
        box.irrigate(1)
        fed(county, box)
        outbox = Outbox(county.sequencer, destination(at))
        while outbox.step():
            pass
        item = outbox.following().reports[0]

        async def waits(others_go):
            worker = Worker()
            sender = Sender(outbox, worker)
            now, found = asyncio.get_running_loop().time(), []
            for _ in range(12):
                await sender._put_aside(item, NoConfirm("nothing"))
                aside = sender._aside[item[0].well.id]
                found.append(round(aside.until - now))
                aside.until = 0.0
                sender._confirms += others_go
            worker.close()
            return found

        assert asyncio.run(waits(0)) == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]
        assert asyncio.run(waits(1)) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]


def test_the_store_tells_a_poll_that_something_was_done(tmp_path):
    at = dataclasses.make_dataclass("At", ["host", "port"])("127.0.0.1", 1)
    with opened(create(tmp_path / "g")) as county:
        with county.store.reading() as connection:
            assert uploadactions.newest(connection) == 0
        uploadacts.pause(county.store, configured(county, destination(at)), "county", PERSON)
        with county.store.reading() as connection:
            assert uploadactions.newest(connection) == 1
