"""The SL 651 upload client against a scripted centre, over real TCP on loopback."""

import pytest

from karez_gateway.uploads import Receipt, sl651
from karez_gateway.uploads.sl651_client import Sl651Client
from karez_protocols import causes, flags, record
from karez_protocols.sl651_messages import KeepAlive
from karez_protocols.sl651_quantities import quantities
from karez_protocols.sl651_reading import decode_message
from karez_protocols.sl651_status import status_facts
from karez_protocols.sl651_times import utc_of

from .sl651_desk import SENT_UTC_S, Centre, confirm, frames_of, report, settings
from .sl651_desk import A as STATION
from .synthetic import SyntheticController

PATIENT = settings(answer_ms=30_000)  # no repeat in a test that wants none
HASTY = settings(answer_ms=20)


def client_of(centre, given=PATIENT, **options):
    return Sl651Client("127.0.0.1", centre.port, STATION, given, **options)


@pytest.mark.parametrize("form", list(sl651.DIALECTS))
async def test_a_report_arrives_and_its_receipt_holds_both_frames(form):
    given = settings(form, answer_ms=30_000)
    async with Centre() as centre:
        async with client_of(centre, given, utc_s=lambda: SENT_UTC_S) as client:
            receipt = await client.send(report())
        (got,) = centre.reports
        assert frames_of(receipt.request_bytes) == [got]
        assert receipt == Receipt(receipt.request_bytes, confirm(got), SENT_UTC_S)


async def test_the_link_report_comes_first_and_reports_in_their_order():
    async with Centre() as centre:
        async with client_of(centre) as client:
            for at in range(5):
                await client.send(report(at))
        assert isinstance(decode_message(centre.frames[0]), KeepAlive)
        serials = [decode_message(frame).serial for frame in centre.reports]
        assert serials == list(range(serials[0], serials[0] + 5))


async def test_a_lost_confirm_is_repeated_byte_for_byte():
    async with Centre() as centre, client_of(centre, settings(answer_ms=200)) as client:
        centre.to_lose = 1
        receipt = await client.send(report())
        first, second = centre.reports[:2]
        assert first == second and frames_of(receipt.request_bytes) == [first]


async def test_an_idle_connection_is_held():
    async with Centre() as centre, client_of(centre, settings(keep_alive_ms=20)) as client:
        await centre.until(lambda: len(centre.frames) >= 3)
        assert {frame.function for frame in centre.frames} == {0x2F}
        await client.send(report())


def interval(box, **values):
    return sl651.report_of(box.interval(4000, **values), STATION, 1)


@pytest.fixture
def box():
    return SyntheticController("a", "well-1")


def said(made, form="651"):
    """{field: value} of the elements a report goes out with."""
    from karez_gateway.uploads.sl651_message import elements_of

    dialect = sl651.DIALECTS[form].dialect
    return quantities(elements_of(made, dialect), False, dialect)


def test_an_interval_is_a_timed_report_of_what_the_record_says(box):
    made = interval(
        box,
        pump=3,
        energy_wh=1234,
        voltage_a_dv=2301,
        voltage_b_dv=None,
        voltage_c_dv=None,
        current_a_ca=812,
        current_b_ca=None,
        current_c_ca=None,
        level_mm=-1500,
        pressure_pa=None,
    )
    assert (made.function, made.utc_s) == (0x32, box.utc_s)
    found = said(made)
    facts = status_facts(found.pop("status"))
    assert found == {
        "level_mm": -1500,
        "flow_1_lph": 46800,  # 48000 L/h in whole litres a second
        "total_l": 1_004_000,
        "energy_wh": 1234,
        "voltage_a_mv": 230100,
        "current_a_ma": 8100,
    }
    assert facts["alarms"] == [] and facts["is_pump_running"] and not facts["is_door_open"]


def test_the_dialect_decides_where_the_total_stands(box):
    made = interval(box)
    idents = {}
    for form, given in sl651.DIALECTS.items():
        from karez_gateway.uploads.sl651_message import elements_of

        idents[form] = [one.ident for one in elements_of(made, given.dialect)]
    assert 0xFF01 in idents["651"] and 0xFF02 in idents["651"]
    assert 0x76 in idents["651-76"] and 0xFF01 not in idents["651-76"]
    assert not {0x76, 0xFF01, 0xFF02} & set(idents["651-plain"])


@pytest.mark.parametrize(
    ("values", "alarms"),
    [
        ({}, []),
        ({"cause": causes.MAINS_LOST}, ["mains_failed"]),
        ({"cause": causes.WATER_CEILING}, ["remaining_low"]),
        ({"flow_lph": None}, ["flow_meter_fault"]),
        ({"alarms": flags.WATER_SILENT | flags.STORE_FAILED}, ["flow_meter_fault", "storage_fault"]),
        ({"alarms": flags.LEVEL_SILENT}, ["level_meter_fault"]),
    ],
)
def test_a_stop_is_an_added_report_with_the_alarms_of_its_record(box, values, alarms):
    box.start()
    made = sl651.report_of(box.stop(10, **values), STATION, 1)
    assert made.function == 0x33
    facts = status_facts(made.status)
    assert facts["alarms"] == alarms and not facts["is_pump_running"]


@pytest.mark.parametrize("name", ["status", "alarms"])  # a pump is then told by its status
def test_a_status_of_which_a_part_is_not_known_is_not_known(box, name):
    made = interval(box, **{name: None})
    assert made.status is None and said(made)["status"] is None


def test_an_open_door_is_told(box):
    assert status_facts(interval(box, status=flags.DOOR_OPEN).status)["is_door_open"]


def test_a_record_without_a_time_gets_the_time_it_was_received(box):
    assert interval(box, utc_s=None).utc_s == 1


def test_only_records_of_a_moment_are_reported():
    assert set(sl651.REPORTED) == {record.INTERVAL, record.STOP}


def test_the_observation_is_on_the_platforms_clock_to_the_minute(box):
    from karez_gateway.uploads.sl651_message import observed_at

    for utc_s in (1_720_750_530, 1_720_742_399):  # the second is 23:59:59 there
        time = observed_at(utc_s, sl651.DIALECTS["651"].dialect)
        assert time.second == 0 and utc_of(time, 28800) == utc_s - utc_s % 60
