"""SZY 206 / SL/T 427 on a TCP connection.

    async with Szy206Client("platform.example", 9000, address) as client:
        receipt = await client.send(FlowReport(...))

After an UploadError it is over: make a new one.
"""

from collections.abc import Callable

from .stream_client import OnRequest, StreamClient, utc_s
from .szy206_events import FlowReport, SessionSettings
from .szy206_session import Szy206Session


class Szy206Client(StreamClient[FlowReport]):
    """Sends reports to one platform, one after another.

    `link_address` logs in and keeps the connection alive; reports may carry other addresses.
    `on_request` answers what the platform asks: platform_requests has one. `utc_s` dates the receipts.
    """

    def __init__(
        self,
        host: str,
        port: int,
        link_address: bytes,
        settings: SessionSettings | None = None,
        *,
        connect_s: float = 10.0,
        close_s: float = 1.0,
        on_request: OnRequest | None = None,
        utc_s: Callable[[], int] = utc_s,
    ) -> None:
        """Connect nowhere yet."""
        self.session = Szy206Session(link_address, settings or SessionSettings())
        super().__init__(
            host,
            port,
            self.session,
            connect_s=connect_s,
            close_s=close_s,
            on_request=on_request,
            utc_s=utc_s,
        )
