"""One seam for all kinds of platforms: from a record to a report, and a connection that sends it.

    adapter = adapter_of(destination)
    report = adapter.report_of(subject)
    async with adapter.connection(link_address) as connection:
        receipt = await connection.send(report)

A report is made when it is sent, from the record as it was logged: the same record makes the same
report, so a repeat is a repeat to the platform too.
"""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from karez_gateway.uploads import Receipt, dialects, mqtt_json, sl651, sl651_events, szy206, szy206_events
from karez_gateway.uploads.sl651_client import Sl651Client
from karez_gateway.uploads.stream_client import OnRequest
from karez_gateway.uploads.subject import Subject
from karez_gateway.uploads.szy206_client import Szy206Client

if TYPE_CHECKING:
    from karez_gateway.config import Destination


class Connection(Protocol):
    """One connection to a platform, entered when it stands. Entering raises LinkDown or NoConfirm."""

    @property
    def is_over(self) -> bool:
        """True when it is used up: a new one is needed."""

    async def __aenter__(self) -> Self:
        """Connect."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""

    async def send(self, report: Any, /) -> Receipt:
        """Send a report. Raises UploadError, and NotAllowed for what the standard cannot carry."""


class Adapter(Protocol):
    """One kind of platform."""

    @property
    def at_once(self) -> int:
        """Reports that may be under way together."""

    def report_of(self, subject: Subject) -> Any:
        """The report of a record. Raises ProtocolError when the standard cannot carry it."""

    @property
    def stays(self) -> bool:
        """True if the platform expects its stations on the line when they have nothing to say."""

    def connection(self, link_address: str, on_request: OnRequest | None = None) -> Connection:
        """A new connection; `link_address` is the station that logs in, where the standard has that.

        `on_request` answers what the platform asks, where the standard has that.
        """


class Szy206:
    """SZY 206 and SL/T 427 over TCP."""

    at_once = 1  # the session has one exchange
    stays = True

    def __init__(self, destination: "Destination") -> None:
        """Connect nowhere yet."""
        self._destination = destination

    def report_of(self, subject: Subject) -> Any:
        """A self report of flow and volume."""
        return szy206.report_of(subject.slot, bytes.fromhex(subject.address), subject.received_utc_s)

    def connection(self, link_address: str, on_request: OnRequest | None = None) -> Connection:
        """A client that logs in each station before its first report."""
        to = self._destination
        settings = szy206_events.SessionSettings(
            dialect=dialects.szy206(to.spoken, to.switches), answer_ms=int(to.timeout_s * 1000)
        )
        station = bytes.fromhex(link_address)
        return Szy206Client(
            to.host, to.port, station, settings, connect_s=to.timeout_s, on_request=on_request
        )


class Sl651:
    """SL 651-2014 over TCP."""

    at_once = 1  # mode M2: one report, one answer
    stays = True

    def __init__(self, destination: "Destination") -> None:
        """Connect nowhere yet."""
        self._destination = destination

    def report_of(self, subject: Subject) -> Any:
        """A timed or an added report."""
        return sl651.report_of(subject.slot, bytes.fromhex(subject.address), subject.received_utc_s)

    def connection(self, link_address: str, on_request: OnRequest | None = None) -> Connection:
        """A client that announces itself and keeps the connection."""
        to = self._destination
        settings = sl651_events.SessionSettings(
            form=dialects.sl651(to.spoken, to.switches),
            centre=to.centre,
            password=int(to.password or "0", 16),
            answer_ms=int(to.timeout_s * 1000),
        )
        station = bytes.fromhex(link_address)
        return Sl651Client(to.host, to.port, station, settings, connect_s=to.timeout_s, on_request=on_request)


class MqttJson:
    """JSON documents over MQTT, each with its evidence reference."""

    at_once = 16  # answers are matched by digest, so a slow platform costs one delay for so many
    stays = False

    def __init__(self, destination: "Destination") -> None:
        """Connect nowhere yet."""
        self._destination = destination

    def report_of(self, subject: Subject) -> Any:
        """The document's bytes."""
        return mqtt_json.document(subject)

    def connection(self, link_address: str, on_request: OnRequest | None = None) -> Connection:  # noqa: ARG002 - nobody logs in as a station, or is asked
        """A client of the platform's broker."""
        from karez_gateway.uploads.mqtt_json_client import MqttJsonClient  # noqa: PLC0415 - status needs none

        return MqttJsonClient(self._destination)


_ADAPTERS: dict[str, type[Szy206] | type[Sl651] | type[MqttJson]] = {
    "szy206": Szy206,
    "sl651": Sl651,
    "mqtt-json": MqttJson,
}


def adapter_of(destination: "Destination") -> Adapter:
    """The adapter of a destination's kind."""
    return _ADAPTERS[destination.kind](destination)
