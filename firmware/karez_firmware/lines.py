"""The meter lines of a board: one bus for each RS-485 port with meters, one for each pulse input."""

from .drivers.bus import Bus
from .drivers.meter_reader import MeterReader


def of(port, journal, meters):
    """Return the buses for a site's meters (site.py), the one that rules the pump first."""
    buses: list = []
    for line, uart in enumerate(port.uarts):
        readers = [(one[0], MeterReader(one[1], one[2])) for one in meters if one[1] and one[3] == line]
        if readers:
            buses.append(Bus(uart, readers))
    for one in meters:
        if one[1] is None:
            from .drivers.pulse_meter import PulseMeter

            buses.append(PulseMeter(port, journal, one[0], one[2], one[3]))
    return buses
