"""Our side of a serial line, for programs that we did not write: a station in a thread, our bus master.

A pty stands for the line (it knows no parity): the other program opens its path, our side
holds the other end. Nothing here sleeps: reads wait on the descriptor, with a deadline.
"""

import os
import select
import threading
import time

from karez_firmware.drivers.master import Master
from karez_protocols.modbus import ReplyReader
from karez_simulators.serial_port import SerialPort

BAUD = 115200  # a pty is as fast at any: the silences are shortest
QUIET_S = 0.1  # a pty delivers a write at once, on a busy machine too: so long a pause ends a frame
WAIT_S = 5.0  # longer than anything here may take on a busy machine

PATIENT = (int(WAIT_S * 1e6), 200_000, 0, 1)  # reply timeout, byte gap, silence before, in us; one try


class Served:
    """A station at one end of a pty, in a thread: `with Served(station) as path:` and let others open `path`.

    A station has `take(data) -> bytes to send` and `end() -> bytes to send` when the line is quiet.
    What goes wrong in the thread is raised at the end of the `with`.
    """

    def __init__(self, station):
        self._station = station
        self._failure = None

    def __enter__(self):
        self._port = SerialPort(BAUD)
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self._port.path

    def __exit__(self, *_):
        os.close(self._stop_write)
        self._thread.join(WAIT_S)
        still_runs = self._thread.is_alive()
        os.close(self._stop_read)
        self._port.close()
        if self._failure is not None:
            raise self._failure
        assert not still_runs

    def _serve(self):
        try:
            while self._turn():
                pass
        except Exception as error:  # noqa: BLE001 - handed to the test's own thread
            self._failure = error

    def _turn(self):
        ready, _, _ = select.select([self._port.master_fd, self._stop_read], [], [], QUIET_S)
        if self._stop_read in ready:
            return False
        out = self._station.take(self._port.read()) if ready else self._station.end()
        if out:
            assert self._port.write(out) == len(out)
        return True


def _now_us():
    return time.monotonic_ns() // 1000


class Bus:
    """Our bus master at one end of a pty; others serve at `path`. Close it."""

    def __init__(self, baud=BAUD):
        self.port = SerialPort(baud)
        self.path = self.port.path
        self.master = Master(ReplyReader(), baud, 10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.port.close()

    def ask(self, request, reader, options=PATIENT):
        """Return the status of one exchange; data, code and counts are the master's."""
        assert self.master.start(request, _now_us(), options, reader)
        while not self.master.is_done():
            self._turn()
        return self.master.status

    def read(self, meter):
        """Return the reading of a MeterReader."""
        assert meter.begin(self.master, _now_us(), 3, meter.codec.ReplyReader())
        while True:
            self._turn()
            reading = meter.step(self.master, _now_us())
            if reading is not None:
                return reading

    def exchange(self, request, reader):
        """Return what a reader finds for a request that the master does not know; None after WAIT_S."""
        assert self.port.read() == b""
        self.port.write(reader.expect(request))
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            answer = reader.receive(self.wait(until - time.monotonic()))
            if answer is not None:
                return answer
        return reader.end()

    def wait(self, seconds):
        """Return what comes in so long, b"" if nothing."""
        self._await(seconds)
        return self.port.read()

    def _turn(self):
        # Every exchange ends by itself: this only keeps a broken one from turning for ever.
        deadline_us = self.master.next_deadline_us()
        if deadline_us is not None:
            self._await(min(WAIT_S, max(0, deadline_us - _now_us()) / 1e6))
        self.master.serve(self.port, _now_us())

    def _await(self, seconds):
        select.select([self.port.master_fd], [], [], max(0, seconds))
