"""Masters that we did not write, each in a process of its own: pymodbus and minimalmodbus.

    python bus_masters.py NAME PORT

For each line "COUNT" on stdin: so many exchanges back to back and one before them, which is not
counted; prints JSON {"us": [microseconds of each, from an answer in its hands to the next],
"failed": how many were no answer}.
"""

import json
import sys
import time
from contextlib import contextmanager

import minimalmodbus
from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ModbusException

from bus_exchange import ADDRESS, ANSWER, ASKED, BAUD

REGISTERS = [int.from_bytes(ANSWER.data[at : at + 2], "big") for at in range(0, len(ANSWER.data), 2)]
TIMEOUT_S = 0.3  # as ours


@contextmanager
def pymodbus(port):
    client = ModbusSerialClient(port, baudrate=BAUD, timeout=TIMEOUT_S, retries=0)
    client.connect()
    try:
        yield lambda: client.read_input_registers(ASKED.start, count=ASKED.count, device_id=ADDRESS).registers
    finally:
        client.close()


@contextmanager
def minimal(port):
    instrument = minimalmodbus.Instrument(port, ADDRESS)
    instrument.serial.baudrate = BAUD
    instrument.serial.timeout = TIMEOUT_S
    try:
        yield lambda: instrument.read_registers(ASKED.start, ASKED.count, ASKED.function)
    finally:
        instrument.serial.close()


def is_read(read):
    """Make one exchange; True if the answer is the meter's."""
    try:
        return read() == REGISTERS
    except (ModbusException, OSError):  # minimalmodbus raises OSErrors
        return False


def main(name, port):
    master = {"pymodbus": pymodbus, "minimalmodbus": minimal}[name]
    for line in sys.stdin:
        ends_ns, failed = [], 0
        with master(port) as read:
            for _ in range(int(line) + 1):
                failed += not is_read(read)
                ends_ns.append(time.monotonic_ns())
        times_us = [(after - before) / 1000 for before, after in zip(ends_ns, ends_ns[1:])]
        print(json.dumps({"us": times_us, "failed": failed}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
