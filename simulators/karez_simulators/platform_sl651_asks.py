"""What an SL 651 platform asks and commands, by name."""

from collections.abc import Callable
from typing import Any

from karez_protocols import sl651_functions as functions
from karez_protocols import sl651_messages as messages
from karez_protocols.errors import ProtocolError
from karez_protocols.sl651_dialect import Dialect
from karez_protocols.sl651_frames import Frame
from karez_protocols.sl651_meanings import is_setting
from karez_protocols.sl651_modes import SERIAL_OF_CENTRE
from karez_protocols.sl651_quantities import element_for, elements_for
from karez_protocols.sl651_reading import decode_message
from karez_protocols.sl651_times import Step, Time
from karez_protocols.sl651_writing import encode_message
from karez_simulators.platform_asks import Ask, BadAsk, find, hours, litres, number
from karez_simulators.platform_kept import plain
from karez_simulators.platform_sl651_values import observed_in, quantities_of

PUMPS = 8  # a byte of 4CH commands eight: the others are told to be off
EVERY_HOUR = Step(0, 1, 0)

Build = Callable[[Ask, Any, Dialect], Any]


def _query(function: int) -> Build:
    return lambda _ask, sent, _dialect: messages.Query(function, SERIAL_OF_CENTRE, sent)


def _write(field: str) -> Build:
    def build(ask: Ask, sent: Any, dialect: Dialect) -> Any:
        elements = elements_for([(field, litres(ask))], True, dialect)
        return messages.Write(functions.WRITE_RUN, SERIAL_OF_CENTRE, sent, elements)

    return build


def _quota(is_on: bool) -> Build:
    return lambda _ask, sent, _dialect: messages.Quota(False, SERIAL_OF_CENTRE, sent, None, is_on)


def _pumps(ask: Ask, sent: Any, _dialect: Dialect) -> Any:
    running = number(ask, 1, PUMPS) if ask.name == "start" else 0
    states = tuple(at == running for at in range(1, PUMPS + 1))
    return messages.Switches(functions.PUMPS, False, SERIAL_OF_CENTRE, sent, None, states)


def _remaining(_ask: Ask, sent: Any, dialect: Dialect) -> Any:
    word = element_for("remaining_1_l", None, False, dialect)
    return messages.WordQuery(functions.GIVEN, SERIAL_OF_CENTRE, sent, (word,))


def _stored(ask: Ask, sent: Any, dialect: Dialect) -> Any:
    """The register where the dialect has one, else the volume of each hour."""
    field = "total_l" if b"total_l" in dialect.elements.split() else "hour_volume_1_l"
    word = element_for(field, None, False, dialect)
    ends = [Time(one.year, one.month, one.day, one.hour, 0, 0) for one in hours(ask)]
    return messages.PeriodQuery(SERIAL_OF_CENTRE, sent, ends[0], ends[1], EVERY_HOUR, (word,))


# Name -> (what follows it, the message). Volumes in whole cubic metres.
KNOWN: dict[str, tuple[str, Build]] = {
    "clock": ("", _query(functions.CLOCK)),
    "set-clock": ("", _query(functions.SET_CLOCK)),  # the time to set is the send time
    "now": ("", _query(functions.REAL_TIME)),
    "stored": ("=FROM..TO", _stored),
    "version": ("", _query(functions.VERSION)),
    "status": ("", _query(functions.STATUS)),
    "events": ("", _query(functions.COUNTERS)),
    "motor": ("", _query(functions.MOTOR)),
    "quota": ("", _remaining),
    "top-up": ("=M3", _write("recharge_1_l")),
    "set-quota": ("=M3", _write("quota_l")),
    "quota-on": ("", _quota(True)),
    "quota-off": ("", _quota(False)),
    "stop": ("", _pumps),
    "start": ("[=PUMP]", _pumps),
}


def question(ask: Ask, line: messages.Line, sent: Any, dialect: Dialect) -> Frame:
    """The frame of a question. Raises BadAsk."""
    build = find(ask, KNOWN, "sl651")
    try:
        return encode_message(build(ask, sent, dialect), line, dialect=dialect)
    except ProtocolError as error:
        raise BadAsk(f"{str(ask)!r}: {error}") from None


def read_answer(frame: Frame, dialect: Dialect) -> dict[str, Any]:
    """What an answer says, as JSON can hold it; what it measured or is set to as `quantities`."""
    message = decode_message(frame, dialect)
    said: dict[str, Any] = plain(message)
    if isinstance(message, messages.Values):
        said["quantities"] = quantities_of(message.elements, dialect, settings=is_setting(frame.function))
    elif isinstance(message, messages.Report | messages.Series):
        said["quantities"] = [
            {"observed": plain(moment), **quantities_of(elements, dialect)}
            for _, moment, elements in observed_in(message, frame.station, dialect)
        ]
    return said
