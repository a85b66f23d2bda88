"""From a verified record to an SL 651-2014 report: 32H of an interval, 33H of a stop.

The running total is the well register W to the litre, at the identifier the platform agreed on: the
standard has none. The time is the record's own, on the platform's clock. 34H is not sent: it carries
twelve 5-minute values of an hour, and one record is one moment; a platform asks with 38H instead.
"""

from karez_gateway.uploads.sl651_events import KAREZ, Form, StationReport
from karez_protocols import record
from karez_protocols.sl651_dialect import Dialect
from karez_protocols.sl651_functions import ADDITIONAL, TIMED
from karez_protocols.sl651_status import ALARMS, status_word

from . import station_words

REPORTED = (record.INTERVAL, record.STOP)

# By the names in gateway.toml. A running total has no identifier in the standard, energy neither.
QT_TOTAL = b"76 76 total_l N 11 3 1000\n"  # where one family of stations puts it
DIALECTS: dict[str, Form] = {
    "651": KAREZ,  # FF01 and FF02
    "651-ascii": Form(KAREZ.dialect, is_ascii=True),
    "651-76": Form(Dialect(elements=QT_TOTAL)),
    "651-plain": Form(Dialect()),  # neither total nor energy: flow, level, electricity, state
}

MV_PER_DV = 100
MA_PER_CA = 10

_PHASES = "abc"


def report_of(slot: bytes, address: bytes, received_utc_s: int) -> StationReport:
    """The report of one measuring record. A record without a time gets the time it was received."""
    values = record.decode(slot)
    utc_s = values["utc_s"]
    return StationReport(
        address=address,
        function=ADDITIONAL if values["kind"] == record.STOP else TIMED,
        utc_s=received_utc_s if utc_s is None else utc_s,
        flow_lph=values["flow_lph"],
        total_l=values["volume_l"],
        energy_wh=values["energy_wh"],
        level_mm=values.get("level_mm"),
        pressure_pa=values.get("pressure_pa"),
        voltages_mv=_phases(values, "voltage_%s_dv", MV_PER_DV),
        currents_ma=_phases(values, "current_%s_ca", MA_PER_CA),
        status=_status(slot),
    )


def _phases(
    values: dict[str, int | None], name: str, factor: int
) -> tuple[int | None, int | None, int | None]:
    found = [values.get(name % phase) for phase in _PHASES]
    a, b, c = [None if one is None else one * factor for one in found]
    return a, b, c


def _status(slot: bytes) -> int | None:
    """Element 45H, None if the record does not know pump, door or alarms: zeros would say something."""
    is_running = station_words.is_pump_running(slot)
    is_door_open = station_words.is_door_open(slot)
    if is_running is None or is_door_open is None or not station_words.knows_alarms(slot):
        return None
    said = station_words.alarms_of(slot)
    return int(
        status_word(
            [name for name in ALARMS.split() if name in said],
            is_door_open=is_door_open,
            is_card_on=False,  # a card identifies here, it is no purse
            is_pump_running=is_running,
        )
    )
