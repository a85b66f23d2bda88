"""What the SL 651 tests share: a report, the centre's side of a line, built with the codec."""

import asyncio

from karez_gateway.uploads.sl651 import DIALECTS
from karez_gateway.uploads.sl651_events import SessionSettings, StationReport
from karez_protocols import sl651
from karez_protocols.sl651_frames import EOT
from karez_protocols.sl651_messages import Confirm, Query
from karez_protocols.sl651_modes import line_of, serial_of
from karez_protocols.sl651_stations import station_of
from karez_protocols.sl651_status import status_word
from karez_protocols.sl651_stream import StreamReader
from karez_protocols.sl651_times import time_at
from karez_protocols.sl651_writing import encode_message

A = station_of("4101050001")
B = station_of("4101050002")
UTC_S = 1_720_750_530  # 2024-07-12 10:15:30 on the platform's clock
SENT_UTC_S = 1_720_754_132
STATUS = status_word([], is_door_open=False, is_card_on=False, is_pump_running=True)
ANSWER_MS = 1000
KEEP_MS = 40_000


def report(total_l=12_345_678, utc_s=UTC_S, address=A, **values):
    given = {
        "address": address,
        "function": 0x32,
        "utc_s": utc_s,
        "flow_lph": 50400,
        "total_l": total_l,
        "energy_wh": 4_321_000,
        "level_mm": None,
        "pressure_pa": None,
        "voltages_mv": (None, None, None),
        "currents_ma": (None, None, None),
        "status": STATUS,
    }
    return StationReport(**(given | values))


def settings(form="651", **values):
    given = {"form": DIALECTS[form], "password": 0x1234, "answer_ms": ANSWER_MS, "keep_alive_ms": KEEP_MS}
    return SessionSettings(**(given | values))


def frames_of(data):
    reader = StreamReader()
    frames = reader.feed(data)
    assert reader.noise_bytes == 0 and b"".join(reader.raws) == data
    return frames


def sent_at(utc_s=SENT_UTC_S):
    return time_at(utc_s, 28800)


def confirm(request, end=EOT, *, serial=None, packet=None, station=None, function=None):
    """The centre's confirm of a frame, as bytes; what is given goes before what belongs there."""
    line = line_of(request)
    message = Confirm(
        request.function if function is None else function,
        serial_of(request) if serial is None else serial,
        sent_at(),
        end,
        packet,
    )
    return sl651.encode(encode_message(message, line if station is None else line._replace(station=station)))


def question(message=None, *, password=0x1234, station=A, is_ascii=False):
    """A question of the centre, as bytes; 46H if nothing else is asked."""
    from karez_protocols.sl651_messages import Line

    asked = Query(0x46, 0, sent_at()) if message is None else message
    return sl651.encode(encode_message(asked, Line(1, station, password, is_ascii)))


class Centre:
    """A scripted centre on loopback: keeps every frame it gets, confirms reports as long as it is polite."""

    def __init__(self):
        self.frames = []
        self.data = b""  # all bytes, in order
        self.is_polite = True
        self.to_lose = 0
        self.delay = None  # an Event: confirms wait for it
        self._changed = asyncio.Event()
        self._writers = []

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        self.hang_up()
        await self._server.wait_closed()

    def hang_up(self):
        for writer in self._writers:
            writer.close()

    @property
    def reports(self):
        """Frames that want a confirm."""
        return [one for one in self.frames if one.function in (0x32, 0x33)]

    def push(self, data):
        for writer in self._writers:
            writer.write(data)

    async def until(self, is_true):
        while not is_true():
            self._changed.clear()
            await self._changed.wait()

    async def _serve(self, stream, writer):
        self._writers.append(writer)
        reader = StreamReader()
        try:
            while data := await stream.read(4096):
                self.data += data
                for frame in reader.feed(data):
                    self.frames.append(frame)
                    await self._confirm(frame, writer)
                self._changed.set()
        except ConnectionError:
            pass  # the station's end is its own affair
        writer.close()

    async def _confirm(self, frame, writer):
        if frame.function not in (0x32, 0x33) or not self.is_polite:
            return
        if self.to_lose:
            self.to_lose -= 1
            return
        if self.delay is not None:
            await self.delay.wait()
        writer.write(confirm(frame))
