"""The 32 event counters of 5DH (SZY 206) and 50H (SL 651), from sums the store keeps of verified records.

The two standards have one list but for the fifth: wrong passwords in SZY 206, changes of it in SL 651.
All have 16 bits and no source says what comes after 65535. Here a counter of faults stays there, for it
must never look small again; one of frames goes on from 0, for its use is the difference of two readings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from karez_protocols import causes, record
from karez_protocols.sl651_controls import COUNTERS
from karez_protocols.szy206_words import EVENTS

Key = tuple[int, int]  # record kind, cause

COUNT_MAX = 0xFFFF
# Every cause: what the record is says enough.
_OBJECTS = (record.CONFIG, record.BINDING, record.GRANT, record.ORDER, record.KEYS)


def _events(*found: int) -> tuple[Key, ...]:
    return tuple((record.EVENT, cause) for cause in found)


def _stops(*found: int) -> tuple[Key, ...]:
    return tuple((record.STOP, cause) for cause in found)


# By the names of szy206_words.EVENTS; a kind alone stands for all its causes.
OF_RECORDS: dict[str, tuple[Key | int, ...]] = {
    "data_initialised": _events(causes.CHAIN_BEGUN),
    "parameter_changed": (
        *_OBJECTS,
        *_events(causes.SEGMENT_OPENED, causes.TECHNICIANS_TAKEN, causes.CONFIG_REPLACED),
    ),
    "state_changed": (record.START, record.STOP, *_events(causes.DOOR_OPENED, causes.DOOR_CLOSED)),
    "meter_fault": (
        *_events(
            causes.METER_SILENT,
            causes.METER_STUCK,
            causes.METER_FROZEN,
            causes.REVERSE_FLOW,
            causes.SEGMENT_UNCERTAIN,
            causes.IMPOSSIBLE,
            causes.CHANNELS_DIFFER,
        ),
        *_stops(causes.METER_FAULT),
    ),
    "terminal_fault": _events(
        causes.HEAD_REBUILT,
        causes.STORE_FAILED,
        causes.FRAM_FAILED,
        causes.SECTOR_DEAD,
        causes.TASK_FAILED,
        causes.KEY_COPY_LOST,
    ),
    "mains_lost": _stops(causes.MAINS_LOST),
    "box_opened": _events(causes.DOOR_OPENED),
    "pump_fault": (
        *_stops(
            causes.PHASE_LOSS,
            causes.OVER_CURRENT,
            causes.UNDER_VOLTAGE,
            causes.OVER_VOLTAGE,
            causes.DRY_RUN,
            causes.NO_WATER,
            causes.FEEDBACK_LOST,
        ),
        *_events(causes.DID_NOT_STOP, causes.DID_NOT_START),
    ),
    "remaining_alarm": (
        *_stops(causes.ACCOUNT_EMPTY, causes.WATER_CEILING, causes.ENERGY_CEILING),
        *_events(causes.WARNING_LINE),
    ),
    "level_alarm": _stops(causes.AREA_LEVEL),
    "data_error": _events(causes.READING_HELD),
}
OF_FRAMES = ("frames_sent", "frames_received", "send_errors")
# These never happen here, so 0 is true: no battery, pressure or quality has an alarm at a well.
NEVER = ("battery_low", "pressure_alarm", "quality_alarm")
PASSWORD = "password_error"  # noqa: S105 - the name of a counter


@dataclass(frozen=True)
class Counted:
    """What the store knows of a station: good records by (kind, cause), and its reports at one platform."""

    records: Mapping[Key, int] = field(default_factory=dict)
    confirmed: int = 0
    failed: int = 0

    def of(self, keys: tuple[Key | int, ...]) -> int:
        """Records of some kinds, or of some kinds with a cause."""
        return sum(
            count for (kind, cause), count in self.records.items() if kind in keys or (kind, cause) in keys
        )


def szy206(counted: Counted, password_errors: int) -> list[int]:
    """The counters of 5DH."""
    return _row(counted, password_errors)


def sl651(counted: Counted) -> tuple[int, ...]:
    """The counters of 50H. The password is never changed by a platform: the fifth is 0."""
    return tuple(_row(counted, 0))


def _row(counted: Counted, password_errors: int) -> list[int]:
    found = {name: min(counted.of(keys), COUNT_MAX) for name, keys in OF_RECORDS.items()}
    found[PASSWORD] = min(password_errors, COUNT_MAX)
    # What was confirmed was sent, and its confirm received: a frame that was lost on its way is an error.
    for name, count in zip(OF_FRAMES, (counted.confirmed, counted.confirmed, counted.failed), strict=True):
        found[name] = count & COUNT_MAX
    row = [found.get(name, 0) for name in EVENTS.split()]
    return row + [0] * (COUNTERS - len(row))
