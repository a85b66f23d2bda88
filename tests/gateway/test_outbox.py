"""Reports to platforms over real connections to the simulated county platform."""

from karez_gateway.proofs import evidence
from karez_gateway.store import outboxes
from karez_gateway.uploads import szy206
from karez_gateway.uploads.sender import retry_after_s
from karez_gateway.verifier import bundle_check
from karez_protocols import causes, entry, record
from karez_protocols.szy206 import SLT427_2021
from karez_protocols.szy206_words import alarm_names, state_facts
from karez_simulators.platform_szy206 import Manners, PlatformSzy206

from .county import create, opened
from .synthetic import SyntheticController
from .uploading import counts, destination, fed, sending, until


async def test_intervals_and_stops_are_reported_in_order_with_whole_cubic_metres(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(5, litres=4321)
    async with PlatformSzy206() as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            async with sending(county, destination(platform)):
                await platform.received(6)
                await until(lambda: counts(county) == {"confirmed": 6})
        expected = [(box_l + 1_000_000) // 1000 for box_l in range(4321, 4321 * 7, 4321)]
        assert [one.volume_m3 for one in platform.reports] == expected
        assert [one.flow_lph for one in platform.reports][:1] == [
            4321 * 12 // 3600 * 3600 + 3600 * (4321 * 12 % 3600 >= 1800)
        ]
        tags = [
            (one.message.tag.hour, one.message.tag.minute, one.message.tag.second) for one in platform.reports
        ]
        assert tags[0] == (22, 5, 10)  # 14:05:10 UTC on the platform's clock, UTC+8
        running = [state_facts(one.state)["is_pump_running"] for one in platform.reports]
        assert running == [True] * 5 + [False]
        assert alarm_names(platform.reports[-1].alarm) == ["pump_changed"]


async def test_each_receipt_is_an_entry_of_the_log_and_the_bundle_proves_it(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(2)
    async with PlatformSzy206() as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            async with sending(county, destination(platform)):
                await until(lambda: counts(county) == {"confirmed": 3})
            logged = [
                entry.decode(county.sequencer.log.entry(index)) for index in range(box.seq, box.seq + 3)
            ]
            assert [(one["entry"], one["destination"], one["seq"]) for one in logged] == [
                (entry.UPLOAD, "county", seq) for seq in (2, 3, 4)
            ]
            for one, received in zip(logged, platform.reports):
                assert (one["request"], one["confirm"]) == (received.request_bytes, received.confirm_bytes)
            found = evidence.export(county.store, county.config, site="well-1")
            assert found.receipts == 3
            report = bundle_check.check(found.data)
            assert report.is_proved
            assert [(one.seq, one.volume_m3, one.remainder_l) for one in report.uploads] == [
                (2, 1004, 0),
                (3, 1008, 0),
                (4, 1012, 0),
            ]


async def test_a_platform_that_comes_back_gets_everything_in_order(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(4)
    platform = PlatformSzy206()
    await platform.start()
    await platform.stop()  # the port is known, nobody listens
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        async with sending(county, destination(platform)):
            name = "county"

            def failed():
                with county.store.reading() as connection:
                    return any(one.attempts for one in outboxes.following(connection, name, 1))

            await until(failed)
            with county.store.reading() as connection:
                assert "no connection to" in outboxes.last_reason(connection, name)
            await platform.start()
            await until(lambda: counts(county) == {"confirmed": 5})
    await platform.stop()
    assert [one.volume_m3 for one in platform.reports] == [1004, 1008, 1012, 1016, 1020]


async def test_a_dead_platform_delays_nobody_else(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(4)
    async with PlatformSzy206() as good, PlatformSzy206(manners=Manners(is_silent=True)) as silent:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            async with sending(county, destination(silent, "province", timeout_s=60), destination(good)):
                await until(lambda: counts(county) == {"confirmed": 5})
            assert counts(county, "province") == {"waiting": 5}


async def test_a_confirm_that_was_lost_ends_in_one_report_and_one_receipt(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(1)
    async with PlatformSzy206(manners=Manners(confirms_lost=1)) as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            async with sending(county, destination(platform, timeout_s=0.2)):
                await until(lambda: counts(county) == {"confirmed": 2})
            assert county.sequencer.log.size == box.seq + 2
        assert len(platform.reports) == 2 and platform.reports[0].copies == 2


async def test_a_restart_sends_nothing_twice_that_was_confirmed(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    directory = create(tmp_path / "g")
    async with PlatformSzy206() as platform:
        for _ in range(3):
            with opened(directory) as county:
                fed(county, box)
                async with sending(county, destination(platform)):
                    await until(lambda: counts(county) == {"confirmed": 4})
        assert [one.copies for one in platform.reports] == [1] * 4


async def test_the_longer_tag_and_confirm_of_427_are_spoken(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(1)
    async with PlatformSzy206(SLT427_2021) as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            async with sending(county, destination(platform, dialect="427")):
                await until(lambda: counts(county) == {"confirmed": 2})
        assert platform.reports[0].message.tag.year == 2026


async def test_two_wells_are_never_reported_under_one_address(tmp_path):
    one, two = SyntheticController("a", "well-1"), SyntheticController("b", "well-2")
    one.irrigate(1)
    two.irrigate(2)
    async with PlatformSzy206() as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, one, two)
            named = destination(platform, "named", controller=two.name)
            async with sending(county, destination(platform), named) as (unnamed, _):
                await until(lambda: counts(county, "named") == {"confirmed": 3})
                assert counts(county) == {}
                assert "name one as [[destination]] controller" in unnamed.outbox.held


async def test_quarantined_records_are_not_reported(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(5000)
    box.interval(-1000)
    box.interval(3000)
    async with PlatformSzy206() as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            async with sending(county, destination(platform)):
                await until(lambda: counts(county) == {"confirmed": 2})
        assert [one.volume_m3 for one in platform.reports] == [1005, 1007]


def test_what_a_record_says_is_what_the_report_says():
    box = SyntheticController("a", "well-1")
    box.grant_seq = 3
    box.start()
    slot = box.stop(1999, cause=causes.WATER_CEILING, flow_lph=None, volume_l=None)
    report = szy206.report_of(slot, bytes(5), 7)
    alarms = ["flow_meter_fault", "pump_changed", "quota_alarm", "remaining_low"]
    assert alarm_names(report.alarm) == alarms
    assert (report.flow_lph, report.volume_m3, report.utc_s) == (None, None, box.utc_s)
    assert state_facts(report.state) == {
        "work_mode": 0,
        "is_card_on": False,
        "is_quota_on": True,
        "is_pump_running": False,
        "is_door_open": False,
        "is_on_battery": False,
        "reserved": 0,
    }
    late = box.interval(1, utc_s=None, time_state=record.TIME_UNKNOWN)
    assert szy206.report_of(late, bytes(5), 7).utc_s == 7


def test_the_wait_between_attempts_grows_to_a_minute():
    assert [retry_after_s(attempts) for attempts in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
