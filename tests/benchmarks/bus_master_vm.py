"""Our master in the real MicroPython VM, on the real unix port.

    micropython bus_master_vm.py FOLDER PORT BENCH_FD

For each line "COUNT" on stdin: so many exchanges back to back and one before them, which is not
counted; prints JSON {"us": [microseconds of each, from an answer in our hands to the next],
"failed": how many were no answer at the first try}.
"""

import json
import sys

from bus_exchange import ANSWER, ASKED, BAUD
from karez_firmware.drivers.master import OK, Master
from karez_firmware.ports.unix import Port
from karez_protocols import modbus


def exchange(port, master):
    """One exchange, turned and waited for as the app does it; return (when it ended, if at the first try)."""
    uart = port.uarts[0]
    master.start(ASKED, port.now_us())
    while not master.serve(uart, port.now_us()):
        port.wait(master.next_deadline_us())
    ended_us = port.now_us()
    return ended_us, master.status == OK and master.data == ANSWER.data and master.tries == 1


def main(folder, path, bench_fd):
    port = Port(folder, [path], int(bench_fd))
    master = Master(modbus.ReplyReader(), BAUD)
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        port.uarts[0].configure(BAUD, "N", 1)  # others have set the port meanwhile
        port.uarts[0].read()
        ends = [exchange(port, master) for _ in range(int(line) + 1)]
        times_us = [after[0] - before[0] for before, after in zip(ends, ends[1:])]
        print(json.dumps({"us": times_us, "failed": sum(not end[1] for end in ends)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
