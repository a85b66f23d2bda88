"""The port of `karez bench meters`: a pty, or a real adapter, and what keeps it from being had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_simulators import meter_choice
from karez_simulators.adapter_line import AdapterLine
from karez_simulators.line import Line
from karez_simulators.line_traffic import BAUDS
from karez_simulators.meter_choice import Unusable

if TYPE_CHECKING:
    from karez_simulators.clock import Clock
    from karez_simulators.meter_choice import Serial


def chosen(clock: Clock, serial: Serial, settings: dict[str, tuple[int, str, int]]) -> Line | AdapterLine:
    """Return the line that was asked for, not open yet; `settings` of each meter by its label.

    A pty carries meters of different settings, an adapter has one for all. Raises Unusable.
    """
    baud, parity, stop_bits = next(iter(settings.values()))
    if serial.port is None:
        if baud not in BAUDS:
            raise Unusable("baud", baud=baud, known=BAUDS)
        return Line(clock, baud=baud)
    if len(set(settings.values())) > 1:
        said = [f"{label} {meter_choice.spelt(*one)}" for label, one in settings.items()]
        raise Unusable("one_setting", settings=said)
    if baud <= 0:
        raise Unusable("baud_port", baud=baud)
    return AdapterLine(clock, serial.port, baud, parity, stop_bits)


def opened(line: Line | AdapterLine) -> None:
    """Open it. Raises Unusable with what the system says."""
    try:
        line.open()
    except OSError as error:
        path = line.port_path if isinstance(line, AdapterLine) else "pty"
        raise Unusable("port", path=path, reason=error) from None
    except (ValueError, OverflowError):
        raise Unusable("baud_port", baud=line.baud) from None
    except ModuleNotFoundError:
        raise Unusable("pyserial") from None
