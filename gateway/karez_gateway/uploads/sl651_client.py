"""SL 651-2014 on a TCP connection.

    async with Sl651Client("platform.example", 9000, station, SessionSettings(centre=1)) as client:
        receipt = await client.send(sl651.report_of(slot, station, received_utc_s))

After an UploadError it is over: make a new one.
"""

from typing import Unpack

from karez_protocols.sl651_modes import SERIAL_MAX

from .sl651_events import SessionSettings, StationReport
from .sl651_session import Sl651Session
from .stream_client import Options, StreamClient, utc_s


class Sl651Client(StreamClient[StationReport]):
    """Sends reports to one platform, one after another.

    `station` holds the link; reports may carry other addresses. `on_request` answers what the platform
    asks: platform_requests has one. `utc_s` is the clock of send times and receipts. Serials begin
    where the clock puts them, so that a new connection does not begin at the last one's numbers.
    """

    def __init__(
        self,
        host: str,
        port: int,
        station: bytes,
        settings: SessionSettings | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Connect nowhere yet."""
        clock = options.get("utc_s", utc_s)
        serial = clock() % SERIAL_MAX + 1
        self.session = Sl651Session(station, settings or SessionSettings(), clock, serial)
        super().__init__(host, port, self.session, **options)
