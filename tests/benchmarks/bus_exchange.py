"""The exchange that all masters of the bus benchmark make, on CPython and MicroPython."""

from karez_protocols.exchange import Reply
from karez_protocols.modbus import Request

BAUD = 9600
ADDRESS = 2
# An SDM630's input registers 0 to 13H: ten float32, all phases' voltages, currents and powers.
ASKED = Request(ADDRESS, 4, 0, 20)
ANSWER = Reply(ADDRESS, 4, bytes((37 * at + 11) & 0xFF for at in range(40)))
LATENCY_MS = 10  # constructed, as the line's own: meters answer within 1 to 100 ms
