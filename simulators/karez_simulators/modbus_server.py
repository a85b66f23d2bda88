"""The only file that knows pymodbus: one meter served as a Modbus RTU slave.

The library's own server object, framer, decoder and device memory do the work, so
that firmware and meter do not share a codec. Frames come from the line, already
cut by silence, and go straight into the server's protocol object: a second pty
behind the first would add a wake-up, two descriptors and the pyserial package.

What the library (3.16) does otherwise than a meter, and is put right here:
- an unknown function code is searched for further on, for ever: meters say 01;
- a quantity of 0 or above 125 is answered with function 80: meters say 03;
- a frame with a bad CRC is hunted through for another one: meters keep silent.
Requests to other addresses never get here: the library would answer them with 04.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerRTU, FramerType
from pymodbus.pdu import ExceptionResponse
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from karez_simulators.meters import (
    DIAGNOSE,
    READ_HOLDING,
    READ_INPUT,
    REGISTERS_PER_READ_MAX,
    WRITE_ONE,
    WRITE_SEVERAL,
    Refused,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.meters import Meter

FRAME_BYTES_MIN = 4  # address, function, CRC
READ_REQUEST_BYTES = 8
WRITE_HEAD_BYTES = 7  # address, function, start, quantity, byte count
REGISTERS_PER_WRITE_MAX = 123  # Modbus application protocol 6.12
ECHO_QUERY = b"\0\0"  # sub-function of 08, the only one meters have
ADDRESSES = 65_536


class MeterServer:
    """A station for the line. `start` inside a running loop, `await stop()` when done.

    `bad_frames` counts what was dropped for its CRC.
    """

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.bad_frames = 0
        self._server: Any = None
        self._handler: Any = None
        self._wire = _Wire()

    def start(self) -> None:
        """Serve from now on. Raises RuntimeError outside a running loop."""
        # The meter refuses by itself; the memory only has to be large enough.
        everything = SimData(0, count=ADDRESSES, values=0, datatype=DataType.REGISTERS)
        device = SimDevice(self.meter.address, simdata=everything, action=self._fill)
        self._server = ModbusSerialServer([device], framer=FramerType.RTU)
        self._handler = self._server.handle_new_connection()
        self._handler.connection_made(self._wire)

    async def stop(self) -> None:
        """Serve no more; harmless twice."""
        if self._server is None:
            return
        self._wire.reply = None
        self._handler.close()
        await self._server.shutdown()
        self._server = self._handler = None

    def receive(self, frame: bytes, reply: Callable[[bytes], None]) -> None:
        """Take a whole frame from the line; a bad one is dropped without a word."""
        if self._handler is None:
            return
        if len(frame) < FRAME_BYTES_MIN or not FramerRTU.check_CRC(
            frame[:-2], int.from_bytes(frame[-2:], "big")
        ):
            self.bad_frames += 1
            return
        self._wire.reply = reply
        code = self._refusal(frame)
        if code is not None:
            self._handler.server_send(ExceptionResponse(frame[1], code, device_id=frame[0]), None)
            return
        # Silence ends a frame: an incomplete one must not wait for the next.
        self._handler.recv_buffer = b""
        self._handler.data_received(frame)

    def _refusal(self, frame: bytes) -> ExcCodes | None:
        function = frame[1]
        if function not in self.meter.functions:
            return ExcCodes.ILLEGAL_FUNCTION
        if function == DIAGNOSE and frame[2:4] != ECHO_QUERY:
            return ExcCodes.ILLEGAL_VALUE
        if function == WRITE_SEVERAL and not _is_whole_write(frame):
            return ExcCodes.ILLEGAL_VALUE
        if function in (READ_HOLDING, READ_INPUT) and len(frame) == READ_REQUEST_BYTES:
            count = int.from_bytes(frame[4:6], "big")
            if not 1 <= count <= REGISTERS_PER_READ_MAX:
                return ExcCodes.ILLEGAL_VALUE
        return None

    async def _fill(
        self,
        function: int,
        _start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Called by the library before it answers: lay the meter's registers into its memory.

        For a write it is called twice: with the values, and to read them back for the answer.
        """
        try:
            if values:
                self.meter.write(address, [int(value) for value in values])
                return None
            if function in (WRITE_ONE, WRITE_SEVERAL):
                return None
            registers[address : address + count] = self.meter.read(function, address, count)
        except Refused as refused:
            return ExcCodes(refused.code)
        return None


def _is_whole_write(frame: bytes) -> bool:
    """Modbus application protocol 6.12: quantity 1 to 7BH, byte count twice that, and so many bytes."""
    count = int.from_bytes(frame[4:6], "big")
    return (
        1 <= count <= REGISTERS_PER_WRITE_MAX
        and len(frame) == WRITE_HEAD_BYTES + 2 * count + 2
        and frame[6] == 2 * count
    )


class _Wire(asyncio.Transport):
    """What the library writes to: hands the bytes to whoever asked last."""

    def __init__(self) -> None:
        super().__init__()
        self.reply: Callable[[bytes], None] | None = None

    def write(self, data: Any) -> None:
        reply, self.reply = self.reply, None
        if reply is not None:
            reply(bytes(data))

    def close(self) -> None:
        self.reply = None
