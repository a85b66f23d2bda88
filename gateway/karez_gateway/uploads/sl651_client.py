"""SL 651-2014 on a TCP connection.

    async with Sl651Client("platform.example", 9000, station, SessionSettings(centre=1)) as client:
        receipt = await client.send(sl651.report_of(slot, station, received_utc_s))

After an UploadError it is over: make a new one.
"""

from collections.abc import Callable

from karez_protocols.sl651_modes import SERIAL_MAX

from .sl651_events import SessionSettings, StationReport
from .sl651_session import Sl651Session
from .stream_client import OnRequest, StreamClient, utc_s


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
        *,
        connect_s: float = 10.0,
        close_s: float = 1.0,
        on_request: OnRequest | None = None,
        utc_s: Callable[[], int] = utc_s,
    ) -> None:
        """Connect nowhere yet."""
        serial = utc_s() % SERIAL_MAX + 1
        self.session = Sl651Session(station, settings or SessionSettings(), utc_s, serial)
        super().__init__(
            host,
            port,
            self.session,
            connect_s=connect_s,
            close_s=close_s,
            on_request=on_request,
            utc_s=utc_s,
        )
