"""SZY 206 / SL/T 427 on a TCP connection.

    async with Szy206Client("platform.example", 9000, address) as client:
        receipt = await client.send(FlowReport(...))

After an UploadError it is over: make a new one.
"""

from typing import Unpack

from .stream_client import Options, StreamClient
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
        **options: Unpack[Options],
    ) -> None:
        """Connect nowhere yet."""
        self.session = Szy206Session(link_address, settings or SessionSettings())
        super().__init__(host, port, self.session, **options)
