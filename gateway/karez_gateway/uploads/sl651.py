"""From a verified record to an SL 651-2014 report: 32H of an interval, 33H of a stop.

The running total is the well register W to the litre, at the identifier the platform agreed on: the
standard has none. The time is the record's own, on the platform's clock. 34H is not sent: it carries
twelve 5-minute values of an hour, and one record is one moment; a platform asks with 38H instead.
"""

from karez_gateway.uploads.sl651_events import KAREZ, Form, StationReport
from karez_gateway.verifier import slots
from karez_gateway.verifier.books import PUMP_FLOWING
from karez_protocols import causes, flags, record
from karez_protocols.sl651_dialect import Dialect
from karez_protocols.sl651_functions import ADDITIONAL, TIMED
from karez_protocols.sl651_status import status_word

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

_CEILINGS = (causes.WATER_CEILING, causes.ENERGY_CEILING, causes.ACCOUNT_EMPTY)
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
        status=_status(slot, values),
    )


def _phases(
    values: dict[str, int | None], name: str, factor: int
) -> tuple[int | None, int | None, int | None]:
    found = [values.get(name % phase) for phase in _PHASES]
    a, b, c = [None if one is None else one * factor for one in found]
    return a, b, c


def _status(slot: bytes, values: dict[str, int]) -> int | None:
    """Element 45H, None if the record does not know pump, door or alarms: zeros would say something."""
    status, alarms = values["status"], values["alarms"]
    if values["pump"] is None or status is None or alarms is None:
        return None
    is_stop = values["kind"] == record.STOP
    facts = {
        "mains_failed": is_stop and values["cause"] == causes.MAINS_LOST,
        "flow_meter_fault": values["flow_lph"] is None or alarms & flags.WATER_SILENT,
        "level_meter_fault": alarms & flags.LEVEL_SILENT,
        "storage_fault": alarms & flags.STORE_FAILED,
        "remaining_low": is_stop and values["cause"] in _CEILINGS,
    }
    return int(
        status_word(
            [name for name, is_so in facts.items() if is_so],
            is_door_open=bool(status & flags.DOOR_OPEN),
            is_card_on=False,  # a card identifies here, it is no purse
            is_pump_running=slots.pump(slot) in PUMP_FLOWING,
        )
    )
